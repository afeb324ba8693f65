import type { BusClient, Signal } from "./bus";
import { managerSignal, SYSTEMD1, subscribeManager } from "./manager";
import { type UnitChange, unitChange } from "./unit-change";
import { UNIT_NAMESPACE } from "./unit-path";
import { flag } from "./values";

export interface UnitWatcher {
  /** What is new of each unit, merged over a moment; each unit once. */
  onUnits(changes: readonly UnitChange[]): void;
  /** PID 1 has read all unit files again; it does not announce what changed by that. */
  onReloaded(): void;
  /** Units were enabled, disabled, masked… through PID 1 (not by portabled). */
  onUnitFiles(): void;
  /** Signals may have been missed: the link or PID 1 came (back). Read everything anew. */
  onReset(): void;
}

/** A job changes a unit several times within a few milliseconds. */
const MERGE_MS = 30;
const RETRY_MS = 5000;

/** Follows all units of PID 1 through reconnects, with a few broad match rules. Returns what ends it. */
export function watchUnits(bus: BusClient, watcher: UnitWatcher): () => void {
  const changes = new Map<string, UnitChange>();
  let merging: NodeJS.Timeout | undefined;
  let retry: NodeJS.Timeout | undefined;

  const stops = [
    bus.subscribe(
      {
        sender: SYSTEMD1.destination,
        pathNamespace: UNIT_NAMESPACE,
        interface: "org.freedesktop.DBus.Properties",
        member: "PropertiesChanged",
      },
      collect,
    ),
    bus.subscribe(managerSignal("Reloading"), ({ body: [begins] }) => {
      if (!flag(begins)) watcher.onReloaded();
    }),
    bus.subscribe(managerSignal("UnitFilesChanged"), () => watcher.onUnitFiles()),
    bus.onLink(({ state }) => {
      if (state === "up") begin();
      else clearTimeout(retry);
    }),
    () => {
      clearTimeout(merging);
      clearTimeout(retry);
    },
  ];
  if (bus.link.state === "up") subscribe();
  return () => {
    for (const stop of stops) stop();
  };

  function begin(): void {
    subscribe();
    watcher.onReset();
  }

  /** PID 1 may be missing on the bus for a while (or for good); the link itself says nothing of that. */
  function subscribe(): void {
    clearTimeout(retry);
    subscribeManager(bus).catch(() => {
      if (bus.link.state === "up") retry = setTimeout(begin, RETRY_MS);
    });
  }

  function collect(signal: Signal): void {
    const change = unitChange(signal);
    if (!change) return;
    changes.set(change.name, { ...changes.get(change.name), ...change });
    merging ??= setTimeout(() => {
      merging = undefined;
      const merged = [...changes.values()];
      changes.clear();
      watcher.onUnits(merged);
    }, MERGE_MS);
  }
}
