import type { StreamEvent } from "@/components/live-events";

/** The server pings every 4 s; a stream that is silent for longer than this is taken for frozen. */
export const SILENT_AFTER_MS = 7000;
/** An open stream does not notice that the browser has lost its session, so that is asked for now and then, ms. */
const SESSION_EVERY_MS = 8000;

export type StreamEnd = "closed" | "locked";

/**
 * Reads `/api/events` until it ends, freezes or `signal` aborts. `locked`: the
 * session is over, so trying again would not help. Uses fetch instead of
 * EventSource, which hides the status and reconnects on its own terms.
 */
export async function readStream(
  since: string,
  receive: (event: StreamEvent) => void,
  signal: AbortSignal,
): Promise<StreamEnd> {
  const ending = new AbortController();
  const end = () => ending.abort();
  let patience = window.setTimeout(end, SILENT_AFTER_MS);
  let sessionCheck: number | undefined;
  signal.addEventListener("abort", end, { once: true });
  try {
    const response = await fetch(`/api/events?since=${encodeURIComponent(since)}`, {
      signal: ending.signal,
      cache: "no-store",
      redirect: "manual",
      headers: { accept: "text/event-stream" },
    });
    if (response.status === 401 || response.status === 403 || response.type === "opaqueredirect")
      return "locked";
    if (!response.ok || !response.body) return "closed";
    sessionCheck = window.setInterval(
      () => void isLocked(ending.signal).then((is) => is && end()),
      SESSION_EVERY_MS,
    );
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return "closed";
      window.clearTimeout(patience);
      patience = window.setTimeout(end, SILENT_AFTER_MS);
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const event = parseBlock(block);
        if (event) receive(event);
      }
    }
  } catch {
    return "closed"; // the network or our own abort: both are mended by the caller's next try
  } finally {
    window.clearTimeout(patience);
    window.clearInterval(sessionCheck);
    signal.removeEventListener("abort", end);
    ending.abort();
  }
}

/** Whether a new stream would be refused; a server that does not answer is another matter. */
async function isLocked(signal: AbortSignal): Promise<boolean> {
  try {
    const { status } = await fetch("/api/events", { method: "HEAD", cache: "no-store", signal });
    return status === 401;
  } catch {
    return false; // the stream itself finds out
  }
}

/** One event of the stream; comments and empty blocks are `null`. Our own server wrote it, so its shape is trusted. */
function parseBlock(block: string): StreamEvent | null {
  const data = block
    .split("\n")
    .filter((line) => line.startsWith("data:"))
    .map((line) => line.slice(5).trimStart())
    .join("\n");
  return data === "" ? null : (JSON.parse(data) as StreamEvent);
}
