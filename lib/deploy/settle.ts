import { setTimeout as sleep } from "node:timers/promises";
import { AppError, type Message } from "@/lib/errors";
import type { Systemd, UnitState, UnitStatus } from "@/lib/systemd/types";

const LOOK_EVERY_MS = 200;
/** How long PID 1 may give no answer before the look counts as failed; its own timer is armed meanwhile, ms. */
const BLIND_MS = 30_000;

/** Why a unit is not considered up, and which run of it to read the journal of. */
export interface Fall {
  readonly unit: string;
  readonly invocationId: string;
  readonly message: Message;
}

/** A unit as it was when it began to be watched: another run of it is a fall. */
export interface SeenUnit {
  readonly unit: string;
  readonly invocationId: string;
  readonly restarts: number;
}

export interface SettleOptions {
  /** Since when they have to have stayed up; left out = since the first look. */
  readonly since?: readonly SeenUnit[];
  /** How often to look, ms. */
  readonly everyMs?: number;
  /** Whether nothing else is waited for: until then it goes on watching. */
  readonly isOver?: () => boolean;
  /** The end is fixed, and PID 1 keeps it without us: however long it gives no answer, that moves and ends nothing. */
  readonly isEndFixed?: boolean;
  /** What else to look at each time; what it throws ends the wait. */
  readonly alsoLook?: () => Promise<void>;
}

/**
 * Looks again: a start job that ended well proves nothing for `Type=simple`
 * (the process may fail to exec or die a moment later). The units must stay up
 * for `settleMs`, and until `isOver`, without a restart. Resolves with the
 * first fall, or `null` when all stayed up; aborting the signal ends the wait
 * early with `null`. While PID 1 gives no answer nothing was seen to stay up, so
 * that time does not count; throws its error once that took too long.
 */
export async function watchSettle(
  systemd: Systemd,
  units: readonly string[],
  settleMs: number,
  signal: AbortSignal,
  { everyMs = LOOK_EVERY_MS, isOver = () => true, isEndFixed = false, since, alsoLook }: SettleOptions = {},
): Promise<Fall | null> {
  const blindMs = isEndFixed ? Number.POSITIVE_INFINITY : BLIND_MS;
  let blindForMs = 0;
  const patiently = async <T>(look: () => Promise<T>): Promise<T> => {
    const { value, tookMs } = await lookPatiently(look, blindMs, signal);
    if (!isEndFixed) blindForMs += tookMs;
    return value;
  };
  const statusOf = (unit: string) => patiently(() => systemd.unitStatus(unit));
  const firstFall = async (names: readonly string[], earlierOf: (unit: string) => SeenUnit | null) => {
    for (const name of names) {
      const fall = fallOf(await statusOf(name), earlierOf(name));
      if (fall) return fall;
    }
    return null;
  };
  const watch = async (): Promise<Fall | null> => {
    const statuses = await Promise.all(units.map(statusOf));
    const first = since ?? statuses.map(seenAs);
    const earlierOf = (unit: string) => first.find((seen) => seen.unit === unit) ?? null;
    for (const status of statuses) {
      const fall = fallOf(status, earlierOf(status.name));
      if (fall) return fall;
    }
    blindForMs = 0;
    const began = performance.now();
    const leftMs = () => began + settleMs + blindForMs - performance.now();
    while (leftMs() > 0 || !isOver()) {
      const left = leftMs();
      const pauseMs = left > 0 ? Math.min(everyMs, Math.max(1, left)) : everyMs;
      await sleep(pauseMs, undefined, { signal }).catch(ignoreAbort);
      if (signal.aborted) return null;
      await alsoLook?.();
      const states = await patiently(() => systemd.unitStates(units));
      const suspects = states.filter((state) => !looksUp(state)).map(({ name }) => name);
      const fall = await firstFall(suspects, earlierOf);
      if (fall) return fall;
    }
    return firstFall(units, earlierOf);
  };
  return watch().catch((error: unknown) => {
    if (error instanceof CutShort) return null;
    throw error;
  });
}

/** How units are now, to be watched from here on. Throws what PID 1 answers in the end. */
export async function seeUnits(systemd: Systemd, units: readonly string[]): Promise<readonly SeenUnit[]> {
  const never = new AbortController().signal;
  const statusOf = (unit: string) => lookPatiently(() => systemd.unitStatus(unit), BLIND_MS, never);
  return (await Promise.all(units.map(statusOf))).map(({ value }) => seenAs(value));
}

function seenAs({ name, invocationId, service }: UnitStatus): SeenUnit {
  return { unit: name, invocationId, restarts: service?.restarts ?? 0 };
}

/** The signal came while PID 1 gave no answer. */
class CutShort extends Error {}

/** A look that fails says nothing of the unit: it is taken again, for a while. */
async function lookPatiently<T>(
  look: () => Promise<T>,
  blindMs: number,
  signal: AbortSignal,
): Promise<{ value: T; tookMs: number }> {
  const began = performance.now();
  for (let isBlind = false; ; isBlind = true) {
    try {
      const value = await look();
      return { value, tookMs: isBlind ? performance.now() - began : 0 };
    } catch (error) {
      if (signal.aborted) throw new CutShort();
      if (!(error instanceof AppError) || performance.now() - began > blindMs) throw error;
      await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(ignoreAbort);
    }
  }
}

/** Whether one reading of a unit speaks against it; `before` is the reading at the start of the settling time. */
export function fallOf(now: UnitStatus, before: SeenUnit | null): Fall | null {
  const fall = (code: string, params: Message["params"] = {}): Fall => ({
    unit: now.name,
    invocationId: now.invocationId,
    message: { code, params: { unit: now.name, ...params } },
  });
  const result = now.service?.result ?? "";
  const status = now.service?.exitStatus ?? 0;
  if (now.load === "not-found") return fall("unit-gone");
  if (!now.conditionResult && now.active === "inactive") return fall("unit-skipped");
  if (now.active === "failed" || now.sub === "auto-restart" || now.sub === "auto-restart-queued")
    return fall("unit-failed", { result, status });
  // A oneshot ends when its work is done, a service behind a socket or path when there is none.
  const mayEnd = now.service?.type === "oneshot" || now.triggeredBy.length > 0;
  if (now.active === "inactive" || now.active === "deactivating")
    return mayEnd && result === "success" ? null : fall("unit-stopped", { result, status });
  if (before) {
    const restarted =
      (now.service?.restarts ?? 0) > before.restarts || (!mayEnd && now.invocationId !== before.invocationId);
    if (restarted) return fall("unit-restarted", { result, status });
  }
  return null;
}

function looksUp(state: UnitState): boolean {
  return state.active === "active" && state.load !== "not-found";
}

function ignoreAbort(error: Error): void {
  if (error.name !== "AbortError") throw error;
}
