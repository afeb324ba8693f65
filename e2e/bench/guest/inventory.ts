import { live } from "@/lib/live";
import { nowMs, pause } from "./clock";

/** The inventory of the host from nothing: what the web server does when it starts, in a process that knows nothing. */
export interface Inventory {
  /** From the first look to a whole picture with every state in it, ms. */
  readonly ms: number;
  /** Until there was a picture, with or without states, ms. */
  readonly firstMs: number;
  /** The same with the start of Node and the loading of the program, ms. */
  readonly processMs: number;
  readonly services: number;
  readonly versions: number;
}

const PATIENCE_MS = 20_000;

const startedAt = nowMs();
live().start();
await live().ready;
const firstMs = nowMs() - startedAt;
while (
  live()
    .snapshot()
    .services.some(({ state }) => state === "unknown")
) {
  if (nowMs() - startedAt > PATIENCE_MS) throw new Error("PID 1 has not told every state");
  await pause(5);
}
const ms = nowMs() - startedAt;
const { services } = live().snapshot();
const inventory: Inventory = {
  ms,
  firstMs,
  processMs: performance.now(),
  services: services.length,
  versions: services.reduce((sum, service) => sum + service.versions.length, 0),
};
console.log(JSON.stringify(inventory));
process.exit(0);
