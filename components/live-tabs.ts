import type { StreamEvent } from "@/components/live-events";
import { readStream } from "@/components/live-stream";

const NAME = "attache-live";
const WATCH_EVERY_MS = 1000;
const STEAL_AFTER_MS = 8000;
const RETRY_MS = [300, 1000, 2000, 3000];

type TabMessage =
  | { readonly kind: "event"; readonly event: StreamEvent }
  /** The leading tab is alive, even if its server is not. */
  | { readonly kind: "alive"; readonly heardAt: number; readonly isLocked: boolean }
  | { readonly kind: "hurry" };

export interface LiveTabs {
  /** When the server was last heard, by this tab or the leading one; ms since 1970 on this machine's clock. */
  heardAt(): number;
  isLocked(): boolean;
  close(): void;
}

/**
 * One stream for all tabs of a browser, since HTTP/1.1 allows six connections
 * per host: the tab that holds a lock reads it and passes each event on. A
 * follower that hears nothing for eight seconds (a frozen tab keeps its lock)
 * takes the lock away. Without Web Locks each tab has a stream of its own.
 */
export function openLiveTabs(since: () => string, receive: (event: StreamEvent) => void): LiveTabs {
  const closing = new AbortController();
  const locks: LockManager | undefined = navigator.locks;
  const channel = locks ? new BroadcastChannel(NAME) : null;
  let heardAt = Date.now();
  let leaderAt = Date.now();
  let isLocked = false;
  let isLeader = false;
  let waiting = new AbortController();
  let hurry: () => void = () => undefined;

  const hear = (event: StreamEvent) => {
    heardAt = Date.now();
    isLocked = false;
    receive(event);
  };
  const post = (message: TabMessage) => channel?.postMessage(message);

  channel?.addEventListener("message", ({ data }: MessageEvent<TabMessage>) => {
    if (data.kind === "hurry") return hurry();
    leaderAt = Date.now();
    if (data.kind === "event") return hear(data.event);
    heardAt = Math.max(heardAt, data.heardAt);
    isLocked = data.isLocked;
  });

  async function lead(signal: AbortSignal): Promise<void> {
    isLeader = true;
    for (let failures = 0; !signal.aborted; ) {
      const before = heardAt;
      const end = await readStream(
        since(),
        (event) => {
          post({ kind: "event", event });
          hear(event);
        },
        signal,
      );
      failures = heardAt > before ? 0 : failures + 1;
      isLocked = end === "locked";
      const delay = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? 0;
      await pause(delay * (0.8 + 0.4 * Math.random()), signal);
    }
  }

  /** Waits until the time is over, the page is shown again, the network comes back or the stream is given up. */
  function pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = window.setTimeout(resolve, ms);
      const now = () => {
        window.clearTimeout(timer);
        resolve();
      };
      hurry = now;
      signal.addEventListener("abort", now, { once: true });
    });
  }

  function queue(how: "wait" | "steal"): void {
    if (!locks || closing.signal.aborted) return;
    waiting.abort();
    waiting = new AbortController();
    const leading = new AbortController();
    const stop = () => leading.abort();
    closing.signal.addEventListener("abort", stop, { once: true });
    let hasLed = false;
    const take = () => {
      hasLed = true;
      return lead(leading.signal);
    };
    locks
      .request(NAME, how === "steal" ? { steal: true } : { signal: waiting.signal }, take)
      .catch(() => {
        // Stolen by another tab while leading: stop reading and stand in line. A wait that was given up needs nothing.
        if (hasLed) window.setTimeout(() => queue("wait"), WATCH_EVERY_MS);
      })
      .finally(() => {
        stop();
        if (hasLed) isLeader = false;
      });
  }

  const patience = STEAL_AFTER_MS + Math.random() * 1500; // not all followers at once
  const watch = window.setInterval(() => {
    if (isLeader) post({ kind: "alive", heardAt, isLocked });
    else if (locks && Date.now() - leaderAt > patience) {
      leaderAt = Date.now();
      queue("steal");
    }
  }, WATCH_EVERY_MS);

  const wake = () => {
    if (document.visibilityState !== "visible") return;
    hurry();
    post({ kind: "hurry" });
  };
  window.addEventListener("online", wake);
  document.addEventListener("visibilitychange", wake);

  if (locks) queue("wait");
  else void lead(closing.signal);

  return {
    heardAt: () => heardAt,
    isLocked: () => isLocked,
    close() {
      window.clearInterval(watch);
      window.removeEventListener("online", wake);
      document.removeEventListener("visibilitychange", wake);
      closing.abort();
      waiting.abort();
      channel?.close();
    },
  };
}
