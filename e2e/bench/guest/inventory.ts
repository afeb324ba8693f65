import { live } from "@/lib/live";
import { nowMs } from "./clock";

/** The inventory of the host from nothing: what the web server does when it starts, in a process that knows nothing. */
export interface Inventory {
  /** From the first look to a whole picture, ms. */
  readonly ms: number;
  /** The same with the start of Node and the loading of the program, ms. */
  readonly processMs: number;
  readonly services: number;
  readonly versions: number;
  /** Services whose state PID 1 has told. */
  readonly known: number;
}

const startedAt = nowMs();
live().start();
await live().ready;
const ms = nowMs() - startedAt;
const { services } = live().snapshot();
const inventory: Inventory = {
  ms,
  processMs: performance.now(),
  services: services.length,
  versions: services.reduce((sum, service) => sum + service.versions.length, 0),
  known: services.filter(({ state }) => state !== "unknown").length,
};
console.log(JSON.stringify(inventory));
process.exit(0);
