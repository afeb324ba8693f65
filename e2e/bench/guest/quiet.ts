import { nowMs, pause } from "./clock";
import { openEngine } from "./engine";

/** Waits until the engine has opened and rehearsed what it was asked to; prints how many images that were and how long it took. */
export interface Opened {
  readonly images: number;
  readonly ms: number;
}

const QUIET_MS = 6000;
const MOST_MS = 900_000;

const startedAt = nowMs();
let lastAt = startedAt;
let images = 0;
const { engine, close } = await openEngine();
engine.on("Inspected", ({ inspections }) => {
  images += inspections.length;
  lastAt = nowMs();
  if (images % 100 === 0) console.error(`${images} images opened`);
});
engine.on("Rehearsed", () => {
  lastAt = nowMs();
});
while (nowMs() - lastAt < QUIET_MS && nowMs() - startedAt < MOST_MS) await pause(200);
console.log(JSON.stringify({ images, ms: lastAt - startedAt } satisfies Opened));
close();
