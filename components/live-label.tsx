"use client";

import { useEffect, useState } from "react";
import { useLive } from "@/components/live-provider";
import { SILENT_AFTER_MS } from "@/components/live-stream";
import { duration } from "@/components/time-words";
import type { Tone } from "@/components/tones";

interface Freshness {
  readonly tone: Tone;
  readonly words: string;
}

/** "Live", or how old the facts on this page are and what is being done about it. */
export function LiveLabel() {
  const live = useLive();
  const [fresh, setFresh] = useState<Freshness>({ tone: "quiet", words: "Connecting" });

  useEffect(() => {
    const look = () => {
      const next = freshness(live, Date.now());
      setFresh((last) => (last.words === next.words ? last : next));
    };
    const timer = window.setInterval(look, 1000);
    const unsubscribe = live.subscribe(look);
    look();
    return () => {
      window.clearInterval(timer);
      unsubscribe();
    };
  }, [live]);

  return (
    <p className={`live icon-${fresh.tone} tone-${fresh.tone}`} data-live={fresh.words === "Live"}>
      {fresh.words}
    </p>
  );
}

/** From the outside in: the session, the stream from the server, then the server's own view of the bus. */
function freshness(
  live: Pick<ReturnType<typeof useLive>, "heardAt" | "isLocked" | "link">,
  now: number,
): Freshness {
  const heardAt = live.heardAt();
  if (heardAt === null) return { tone: "quiet", words: "Connecting" };
  if (live.isLocked()) return { tone: "bad", words: "Locked: load this page again" };
  if (now - heardAt > SILENT_AFTER_MS)
    return {
      tone: "attention",
      words: `Last seen ${age(now - heardAt)} ago — reconnecting`,
    };
  const { bus, seenAt } = live.link();
  if (bus.state !== "up")
    return {
      tone: "attention",
      words: `Last seen ${age(now - seenAt)} ago — no system bus`,
    };
  return { tone: "good", words: "Live" };
}

function age(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  return seconds < 60 ? `${seconds} s` : duration(seconds * 1000);
}
