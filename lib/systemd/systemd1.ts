import { AppError } from "@/lib/errors";
import type { BusClient } from "./bus";
import { runJob } from "./job";
import { callManager, readProperties, readProperty, SYSTEMD1 } from "./manager";
import { startTimer, stopTimer } from "./timer";
import type { Location, Systemd } from "./types";
import { unitPath } from "./unit-path";
import { SERVICE_PROPERTIES, toUnitState, toUnitStatus, UNIT_PROPERTIES } from "./unit-status";
import { properties, rows, text } from "./values";

/** systemctl gives a reload as long: with hundreds of units, generators and reading take their time. */
const RELOAD_TIMEOUT_MS = 180_000;

/** `EnableUnitFilesWithFlags`: the link lies in `system.attached`, not in `/etc/systemd/system`; runtime. */
const PORTABLE_FLAG = 4n;
const RUNTIME_FLAG = 1n;

const SIGKILL = 9;

export type Systemd1 = Pick<
  Systemd,
  | "version"
  | "reload"
  | "enableUnits"
  | "disableUnits"
  | "resetFailed"
  | "holdUnit"
  | "releaseUnit"
  | "unitStates"
  | "unitStatus"
  | "unitsByPatterns"
  | "runJob"
  | "killUnit"
  | "startTimer"
  | "stopTimer"
>;

/** PID 1. */
export function createSystemd1(bus: BusClient): Systemd1 {
  return {
    async version() {
      return text(await readProperty(bus, SYSTEMD1.path, SYSTEMD1.interface, "Version"));
    },

    async reload() {
      await callManager(bus, "Reload", "", [], RELOAD_TIMEOUT_MS);
    },

    async enableUnits(units, location) {
      const replaceLinks = false;
      await callManager(bus, "EnableUnitFiles", "asbb", [units, isRuntime(location), replaceLinks]);
    },

    // Links made by `portablectl --enable` lie elsewhere and show in no unit file state: both kinds must go, or
    // they dangle after a detach. One unit at a time, since a single unknown one would spare all others.
    async disableUnits(units, location) {
      const runtime = isRuntime(location);
      const flags = runtime ? PORTABLE_FLAG | RUNTIME_FLAG : PORTABLE_FLAG;
      for (const unit of units) {
        await unlessUnknown(callManager(bus, "DisableUnitFiles", "asb", [[unit], runtime]));
        await unlessUnknown(callManager(bus, "DisableUnitFilesWithFlags", "ast", [[unit], flags]));
      }
    },

    async resetFailed(unit) {
      await unlessUnknown(callManager(bus, "ResetFailedUnit", "s", [unit]));
    },

    async holdUnit(unit) {
      await callManager(bus, "RefUnit", "s", [unit]);
    },

    async releaseUnit(unit) {
      await unlessUnknown(callManager(bus, "UnrefUnit", "s", [unit]));
    },

    async unitStates(names) {
      if (names.length === 0) return [];
      const [units] = await callManager(bus, "ListUnitsByNames", "as", [names]);
      return rows(units).map(toUnitState);
    },

    async unitsByPatterns(patterns) {
      const anyState: readonly string[] = [];
      const [units] = await callManager(bus, "ListUnitsByPatterns", "asas", [anyState, patterns]);
      return rows(units).map(toUnitState);
    },

    async unitStatus(name) {
      const path = unitPath(name);
      const [unit, service] = await Promise.all([
        readProperties(bus, path, "org.freedesktop.systemd1.Unit", UNIT_PROPERTIES),
        name.endsWith(".service")
          ? readProperties(bus, path, "org.freedesktop.systemd1.Service", SERVICE_PROPERTIES)
          : null,
      ]);
      return toUnitStatus(properties(unit), service === null ? null : properties(service));
    },

    runJob: (verb, unit, options) => runJob(bus, verb, unit, options),

    async killUnit(unit) {
      await unlessUnknown(callManager(bus, "KillUnit", "ssi", [unit, "all", SIGKILL]));
    },

    startTimer: (name, afterMs, writable) => startTimer(bus, name, afterMs, writable),
    stopTimer: (name) => stopTimer(bus, name),
  };
}

/** A unit that systemd does not know has no link to remove and no failure to forget. */
async function unlessUnknown(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    const unknown = error instanceof AppError && error.params.name === "org.freedesktop.systemd1.NoSuchUnit";
    if (!unknown) throw error;
  }
}

function isRuntime(location: Location): boolean {
  return location === "runtime";
}
