import { askPage } from "./ask-page";
import { nowMs } from "./clock";

/** Several visitors of the clock at a time, each asking again as soon as it was answered. */
const PORT = 8083;
const VISITORS = 4;

let asked = 0;
let failed = 0;
let slowestMs = 0;
let isOver = false;

process.on("message", (message: { begin?: true; end?: true }) => {
  if (message.begin) void visit().then(() => process.send?.({ asked, failed, slowestMs }));
  if (message.begin) process.send?.({ begun: true });
  if (message.end) isOver = true;
});

async function visit(): Promise<void> {
  await Promise.all(
    Array.from({ length: VISITORS }, async () => {
      while (!isOver) {
        const startedAt = nowMs();
        asked++;
        await askPage(PORT, "/").catch((error: Error) => {
          failed++;
          console.error(`a visitor of the clock was turned away: ${error.message}`);
        });
        slowestMs = Math.max(slowestMs, nowMs() - startedAt);
      }
    }),
  );
}
