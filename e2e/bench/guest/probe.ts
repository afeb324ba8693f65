import { askPage } from "./ask-page";
import { nowMs, pause } from "./clock";

/** Asks startpage without a break and knows the longest time between two answers. */
const PORT = 8081;
/** Between two tries while nobody listens: the machine has other work to do just then. */
const RETRY_MS = 1;

let mayBegin = false;
let endAt: string | null = null;
let lastAnswerAt = 0;
let gapMs: number | null = null;

process.on("message", (message: { begin?: true; endAt?: string }) => {
  if (message.begin) mayBegin = true;
  else endAt = message.endAt ?? null;
});

for (;;) {
  try {
    const page = await askPage(PORT, "/cgi-bin/index.cgi");
    answered(page);
  } catch {
    await pause(RETRY_MS); // that it does not answer is what is measured
  }
}

function answered(page: string): void {
  const now = nowMs();
  if (mayBegin) {
    mayBegin = false;
    gapMs = 0;
    process.send?.({ begun: true });
  } else if (gapMs !== null) gapMs = Math.max(gapMs, now - lastAnswerAt);
  lastAnswerAt = now;
  if (endAt !== null && page.includes(endAt)) {
    process.send?.({ gapMs });
    endAt = null;
    gapMs = null;
  }
}
