import { setTimeout as sleep } from "node:timers/promises";
import { isSameImages } from "@/lib/deploy/attach";
import { type HostGround, readGround } from "@/lib/deploy/ground";
import { wantedLayers } from "@/lib/deploy/layers";
import { planDeployment, planDetach, planReattach, planRestart } from "@/lib/deploy/plan";
import { Refused } from "@/lib/deploy/record";
import type { Run } from "@/lib/deploy/run";

/** Somebody took it back while nothing was changed yet. */
export class Cancelled extends Error {
  constructor(readonly by: string) {
    super("cancelled");
  }
}

/** The grace period, with the check running meanwhile: a refusal comes at once, not after the countdown. */
export async function waitGrace(
  { record, cancel }: Run,
  graceMs: number,
  check: () => Promise<unknown>,
): Promise<void> {
  const ended = new AbortController();
  const signal = AbortSignal.any([cancel, ended.signal]);
  const waiting = record.step("wait", "forward", () =>
    sleep(graceMs, undefined, { signal }).catch(() => undefined),
  );
  try {
    await Promise.all([check(), waiting]);
  } finally {
    ended.abort();
    await waiting;
  }
  if (cancel.aborted) throw new Cancelled(String(cancel.reason));
}

/** The world may have moved while it waited. */
export async function planAgain({ host, plan }: Run, before: HostGround): Promise<HostGround> {
  const now = await readGround(host, plan.service, null);
  const isSame =
    now.attachment && before.attachment
      ? isSameImages(now.attachment, before.attachment)
      : now.attachment === before.attachment;
  if (!isSame)
    throw new Refused({
      code: "stale",
      params: { expected: before.currentLabel ?? "", actual: now.currentLabel ?? "" },
    });
  const planned =
    plan.kind === "detach"
      ? planDetach(now)
      : plan.kind === "restart"
        ? planRestart(now, plan.unit)
        : plan.kind === "reattach"
          ? planReattach(now, plan.to?.path ?? "", plan.attachment?.units ?? [])
          : planDeployment(now, plan.to?.label ?? "", undefined, {
              layers: wantedLayers(plan.from, plan.to),
              despiteMark: plan.despiteMark ?? false,
            });
  if (!planned.ok) throw new Refused(planned.refusal);
  return now;
}
