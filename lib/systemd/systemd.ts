import type { BusClient } from "./bus";
import { readJournal } from "./journal";
import { createPortable1 } from "./portable1";
import { createSystemd1 } from "./systemd1";
import type { Systemd } from "./types";

/**
 * The real host behind the `Systemd` interface. `exists` tells whether the host
 * has a file; it is a parameter for a bus that belongs to another root than
 * this process.
 */
export function createSystemd(
  bus: BusClient,
  options: { exists?: (path: string) => Promise<boolean> } = {},
): Systemd {
  return { ...createSystemd1(bus), ...createPortable1(bus, options.exists), journal: readJournal };
}
