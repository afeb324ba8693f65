import type { ServiceState } from "@/lib/services/types";
import { isTemplate, unitType } from "@/lib/services/unit-name";
import type { UnitState } from "@/lib/systemd/types";

type Unit = Pick<UnitState, "name" | "load" | "active" | "sub">;

/** Units that wait for something and then start another one. */
const STARTERS = ["socket", "timer", "path"];

/**
 * Sums up the units of one service in one word, the most urgent first. A unit
 * that crashes over and over (`auto-restart`) is failed although PID 1 calls it
 * activating; what was stopped on purpose is stopped, never failed.
 */
export function serviceState(units: readonly Unit[], isAttached: boolean): ServiceState {
  if (!isAttached) return "detached";
  const real = units.filter((unit) => !isTemplate(unit.name));
  if (real.length > 0 && real.every((unit) => unit.active === UNKNOWN)) return "unknown";

  const is = (...states: string[]) => real.some((unit) => states.includes(unit.active));
  if (real.some(isFailed)) return "failed";
  if (is("activating")) return "starting";
  if (is("deactivating")) return "stopping";
  const active = real.filter((unit) => RUNNING.includes(unit.active));
  if (active.some((unit) => unitType(unit.name) === "service")) return "running";
  if (active.some((unit) => STARTERS.includes(unitType(unit.name)))) return "waiting";
  return active.length > 0 ? "running" : "stopped";
}

/** `ActiveState` of a unit that PID 1 was not asked about yet. */
export const UNKNOWN = "unknown";
const RUNNING: readonly string[] = ["active", "reloading", "refreshing", "maintenance"];

function isFailed(unit: Unit): boolean {
  return (
    unit.active === "failed" ||
    unit.sub.startsWith("auto-restart") ||
    ["bad-setting", "error"].includes(unit.load)
  );
}

/**
 * The unit that stands for its service: the failed one, since that is what
 * someone has to look at; else the service unit named like it, else its first
 * service, else its first unit. Templates stand for nothing.
 */
export function mainUnit<U extends Unit>(service: string, units: readonly U[]): U | null {
  const real = units.filter((unit) => !isTemplate(unit.name));
  const services = real.filter((unit) => unitType(unit.name) === "service");
  return (
    real.find(isFailed) ??
    waitingUnit(real) ??
    services.find((unit) => unit.name === `${service}.service`) ??
    services.find((unit) => RUNNING.includes(unit.active)) ??
    services[0] ??
    real[0] ??
    null
  );
}

/** While only a socket or timer is active, "since" is since it listens, not since its service last ended. */
function waitingUnit<U extends Unit>(units: readonly U[]): U | null {
  if (serviceState(units, true) !== "waiting") return null;
  return (
    units.find((unit) => STARTERS.includes(unitType(unit.name)) && RUNNING.includes(unit.active)) ?? null
  );
}
