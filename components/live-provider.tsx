"use client";

import { useRouter } from "next/navigation";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef } from "react";
import { type HostLink, judgeEvent, type Mark, type StreamEvent, writeMark } from "@/components/live-events";
import { type LiveTabs, openLiveTabs } from "@/components/live-tabs";

type Listener = (event: StreamEvent) => void;

/** The stream of events, for whatever is on the page. Stays the same object for the life of the tab. */
export interface Live {
  subscribe(listener: Listener): () => void;
  /** Loads the page's facts again, at most every 0.7 s: what comes right after another change is still seen within 2 s. Waits for a server that is away (`useOffline` in next.config). */
  refetch(): void;
  mark(): Mark;
  link(): HostLink;
  /** When the server was last heard, on this machine's clock; `null` before the stream is open. */
  heardAt(): number | null;
  isLocked(): boolean;
  /** The time on the server's clock, ms since 1970. */
  now(): number;
}

const LiveContext = createContext<Live | null>(null);
const REFETCH_EVERY_MS = 700;

/** What follows the host; only below a `LiveProvider`. */
export function useLive(): Live {
  const live = useContext(LiveContext);
  if (!live) throw new Error("useLive needs a LiveProvider above it");
  return live;
}

/** Opens the one stream of this tab and tells every subscriber. `initial` is what the server knew when it drew the page. */
export function LiveProvider({
  initial,
  children,
}: {
  initial: Mark & { link: HostLink; now: number };
  children: ReactNode;
}) {
  const router = useRouter();
  const drawnAt = useRef(initial.now); // the layout may be drawn again, but a clock must not jump
  const state = useRef({ mark: { epoch: initial.epoch, revision: initial.revision }, link: initial.link });
  const listeners = useRef(new Set<Listener>());
  const tabs = useRef<LiveTabs | null>(null);
  const ahead = useRef<number | null>(null);

  const live = useMemo<Live>(() => {
    let refetchedAt = 0;
    let timer: number | undefined;
    return {
      subscribe(listener) {
        listeners.current.add(listener);
        return () => listeners.current.delete(listener);
      },
      refetch() {
        window.clearTimeout(timer);
        const wait = Math.max(100, refetchedAt + REFETCH_EVERY_MS - Date.now());
        timer = window.setTimeout(() => {
          refetchedAt = Date.now();
          router.refresh();
        }, wait);
      },
      mark: () => state.current.mark,
      link: () => state.current.link,
      heardAt: () => tabs.current?.heardAt() ?? null,
      isLocked: () => tabs.current?.isLocked() ?? false,
      now() {
        ahead.current ??= drawnAt.current - Date.now();
        return Date.now() + ahead.current;
      },
    };
  }, [router]);

  useEffect(() => {
    const receive = (event: StreamEvent) => {
      const verdict = judgeEvent(state.current.mark, event);
      if ("epoch" in event && verdict !== "ignore")
        state.current.mark = { epoch: event.epoch, revision: event.revision };
      // The way here takes time, so the largest difference is the truest one.
      if (event.type === "hello") ahead.current = event.now - Date.now();
      if (event.type === "ping") ahead.current = Math.max(ahead.current ?? -Infinity, event.now - Date.now());
      if (event.type === "hello" || event.type === "status") state.current.link = event.link;
      if (event.type === "ping") state.current.link = { ...state.current.link, seenAt: event.seenAt };
      for (const listener of listeners.current) listener(event);
      if (verdict === "missed") live.refetch();
    };
    tabs.current = openLiveTabs(() => writeMark(state.current.mark), receive);
    return () => {
      tabs.current?.close();
      tabs.current = null;
    };
  }, [live]);

  return <LiveContext value={live}>{children}</LiveContext>;
}
