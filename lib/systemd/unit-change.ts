import type { Signal } from "./bus";
import { unitName } from "./unit-path";
import { invocationId } from "./unit-status";
import { count, properties, text, timeMs } from "./values";

/** What a signal told about a unit; what it did not mention is absent. Times in ms since 1970. */
export interface UnitChange {
  readonly name: string;
  readonly active?: string;
  readonly sub?: string;
  readonly since?: number | null;
  readonly invocationId?: string;
  readonly result?: string;
  readonly restarts?: number;
  readonly mainPid?: number;
}

/** Reads PropertiesChanged of `systemd1.Unit` or of a unit's type; `null` for one that tells nothing we show. */
export function unitChange(signal: Pick<Signal, "path" | "body">): UnitChange | null {
  const name = unitName(signal.path);
  if (name === null) return null;
  const told = properties(signal.body[1]);
  const change: UnitChange = {
    name,
    ...("ActiveState" in told && { active: text(told.ActiveState) }),
    ...("SubState" in told && { sub: text(told.SubState) }),
    ...("StateChangeTimestamp" in told && { since: timeMs(told.StateChangeTimestamp) }),
    ...("InvocationID" in told && { invocationId: invocationId(told.InvocationID) }),
    ...("Result" in told && { result: text(told.Result) }),
    ...("NRestarts" in told && { restarts: count(told.NRestarts) }),
    ...("MainPID" in told && { mainPid: count(told.MainPID) }),
  };
  return Object.keys(change).length > 1 ? change : null;
}
