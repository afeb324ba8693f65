import { setTimeout as sleep } from "node:timers/promises";
import { AppError, type Message } from "@/lib/errors";
import type { Systemd, UnitState, UnitStatus } from "@/lib/systemd/types";

const LOOK_EVERY_MS = 200;
/** How long PID 1 may give no answer before the look counts as failed, ms. */
const BLIND_MS = 3000;

/** Why a unit is not considered up, and which run of it to read the journal of. */
export interface Fall {
  readonly unit: string;
  readonly invocationId: string;
  readonly message: Message;
}

export interface SettleOptions {
  /** How often to look, ms. */
  readonly everyMs?: number;
  /** Whether nothing else is waited for: until then it goes on watching. */
  readonly isOver?: () => boolean;
}

/**
 * Looks again: a start job that ended well proves nothing for `Type=simple`
 * (the process may fail to exec or die a moment later). The units must stay up
 * for `settleMs`, and until `isOver`, without a restart. Resolves with the
 * first fall, or `null` when all stayed up; aborting the signal ends the wait
 * early with `null`.
 */
export async function watchSettle(
  systemd: Systemd,
  units: readonly string[],
  settleMs: number,
  signal: AbortSignal,
  { everyMs = LOOK_EVERY_MS, isOver = () => true }: SettleOptions = {},
): Promise<Fall | null> {
  const statusOf = (unit: string) => patiently(() => systemd.unitStatus(unit));
  const first = await Promise.all(units.map(statusOf));
  for (const status of first) {
    const fall = fallOf(status, null);
    if (fall) return fall;
  }
  const end = performance.now() + settleMs;
  while (performance.now() < end || !isOver()) {
    const left = end - performance.now();
    const pauseMs = left > 0 ? Math.min(everyMs, Math.max(1, left)) : everyMs;
    await sleep(pauseMs, undefined, { signal }).catch(ignoreAbort);
    if (signal.aborted) return null;
    const states = await patiently(() => systemd.unitStates(units));
    const suspect = states.find((state) => !looksUp(state));
    if (!suspect) continue;
    const fall = fallOf(
      await statusOf(suspect.name),
      first.find((status) => status.name === suspect.name) ?? null,
    );
    if (fall) return fall;
  }
  for (const before of first) {
    const fall = fallOf(await statusOf(before.name), before);
    if (fall) return fall;
  }
  return null;
}

/** A look that fails says nothing of the unit: it is taken again, for a while. */
async function patiently<T>(look: () => Promise<T>): Promise<T> {
  const end = performance.now() + BLIND_MS;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (!(error instanceof AppError) || performance.now() > end) throw error;
      await sleep(LOOK_EVERY_MS);
    }
  }
}

/** Whether one reading of a unit speaks against it; `before` is the reading at the start of the settling time. */
export function fallOf(now: UnitStatus, before: UnitStatus | null): Fall | null {
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
      (now.service?.restarts ?? 0) > (before.service?.restarts ?? 0) ||
      (!mayEnd && now.invocationId !== before.invocationId);
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
