import { setTimeout as sleep } from "node:timers/promises";
import { attachImage, detachImage, type Switched } from "@/lib/deploy/attach";
import { bringUp, runUnitJobs, settle, wantedAfterSwitch } from "@/lib/deploy/bring-up";
import { attachedChoice, type Checked, checkDeployment } from "@/lib/deploy/check";
import { readAttachedFiles } from "@/lib/deploy/collateral";
import { goBack, keepLog } from "@/lib/deploy/go-back";
import { type HostGround, readGround } from "@/lib/deploy/ground";
import type { Host } from "@/lib/deploy/host";
import type { Intent, Intents, WayBack } from "@/lib/deploy/intent";
import type { Choice } from "@/lib/deploy/matches";
import { type Plan, planDeployment, planDetach, planReattach, planRestart } from "@/lib/deploy/plan";
import { messageOf, type Record, Refused } from "@/lib/deploy/record";
import { isService, unitsThatRan, unitsThatRun } from "@/lib/deploy/units";
import { readEnabledUnits } from "@/lib/services/enabled";

export interface Run {
  readonly host: Host;
  readonly record: Record;
  readonly intents: Intents;
  readonly plan: Plan;
  /** Aborted by Cancel, during the grace period. */
  readonly cancel: AbortSignal;
  /** Aborted by "Go back now", while it settles. */
  readonly back: AbortSignal;
}

/**
 * Carries out a plan and, if the new version does not stay up, puts the old
 * one back. Never throws: the record says how it ended. The intent stays on
 * disk until the caller has saved the outcome.
 */
export async function runDeployment(run: Run, ground: HostGround, graceMs: number): Promise<void> {
  const { record, plan } = run;
  try {
    const { checked, wayBack, now } = await prepare(run, ground, graceMs);
    record.update({ phase: "switching", startedAt: Date.now(), startsAt: null });
    const intent = intentOf(run, "switching", wayBack, checked?.choice ?? null);
    const written = run.intents.write(intent);
    if (checked) return await switchVersion(run, intent, wayBack, checked, written);
    await written;
    if (plan.kind === "detach") await detach(run, now, wayBack);
    else await restart(run, wayBack);
  } catch (error) {
    if (error instanceof Cancelled)
      record.finish("cancelled", { code: "cancelled", params: { by: error.by } });
    else record.finish("refused", messageOf(error));
  }
}

/** Finishes a switch whose files are in place: reload, restart what ran, look again. Recovery enters here too. */
export async function finishSwitch(
  run: Run,
  intent: Intent,
  wayBack: WayBack,
  switched: Switched,
): Promise<void> {
  const { host, record, plan } = run;
  try {
    const wanted = await wantedAfterSwitch(host, switched, wayBack);
    await bringUp(host, record, wanted, switched.attachment.location, "forward");
    record.update({ phase: "settling" });
    await settle(host, record, wanted.watch, "forward", run.back);
    const isUp = wanted.watch.length > 0;
    record.finish("succeeded", {
      code: isUp ? "stays-up" : "nothing-ran",
      params: { version: plan.to?.label ?? "" },
    });
  } catch (error) {
    await goBack(run, intent, wayBack, error);
  }
}

/** All that changes nothing: the grace period, the check of the image, the way back. */
async function prepare(run: Run, ground: HostGround, graceMs: number) {
  const { host, record, plan } = run;
  const written = run.intents.write(intentOf(run, "planned", null, null));
  const needsCheck = plan.kind !== "restart" && plan.kind !== "detach";
  const check = (now: HostGround) => (needsCheck ? checkDeployment(host, plan, now) : Promise.resolve(null));
  const checkStep = () => (needsCheck ? record.step("check", "forward", () => check(ground)) : check(ground));
  if (graceMs > 0) await Promise.all([waitGrace(run, graceMs, checkStep), written]);
  const now = graceMs > 0 ? await planAgain(run, ground) : ground;
  const [checked, wayBack] = await Promise.allSettled([
    graceMs > 0 ? check(now) : checkStep(), // what was opened is known already, so a second look costs little
    record.step("remember", "forward", () => rememberWayBack(run, now)),
    written,
  ]);
  await written;
  if (checked.status === "rejected") throw checked.reason;
  if (wayBack.status === "rejected") throw wayBack.reason;
  return { checked: checked.value, wayBack: wayBack.value, now };
}

/** The grace period, with the check running meanwhile: a refusal comes at once, not after the countdown. */
async function waitGrace(
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
async function planAgain({ host, plan }: Run, before: HostGround): Promise<HostGround> {
  const now = await readGround(host, plan.service, null);
  if (now.attachment?.path !== before.attachment?.path)
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
          : planDeployment(now, plan.to?.label ?? "");
  if (!planned.ok) throw new Refused(planned.refusal);
  return now;
}

async function rememberWayBack({ host }: Run, now: HostGround): Promise<WayBack> {
  const { attachment } = now;
  if (!attachment) return { attachment: null, choice: NO_CHOICE, running: [], enabled: [], files: [] };
  const [running, enabled, files, choice] = await Promise.all([
    unitsThatRan(host, attachment),
    readEnabledUnits(host.paths),
    readAttachedFiles(host.paths, [attachment]),
    attachedChoice(host, attachment, now.versions),
  ]);
  const own = attachment.units.filter((unit) => enabled.has(unit));
  return { attachment, choice, running, enabled: own, files: [...files] };
}

async function switchVersion(
  run: Run,
  intent: Intent,
  wayBack: WayBack,
  { choice, profile }: Checked,
  written: Promise<void>,
): Promise<void> {
  const { host, record, plan } = run;
  const location = wayBack.attachment?.location ?? "persistent";
  const wanted = { service: plan.service, file: plan.to?.path ?? "", choice, profile, location };
  try {
    const switched = await attachImage(host, record, wanted, "forward", written);
    await finishSwitch(run, intent, wayBack, switched);
  } catch (error) {
    await Promise.allSettled([written]); // the way back writes to the same file
    await goBack(run, intent, wayBack, error);
  }
}

async function detach(run: Run, ground: HostGround, wayBack: WayBack): Promise<void> {
  const { host, record } = run;
  const attachment = wayBack.attachment;
  if (!attachment) throw new Refused({ code: "not-attached", params: { service: run.plan.service } });
  const file = ground.versions.find((version) => version.path === attachment.path) ?? ground.versions[0];
  if (!file) throw new Refused({ code: "image-missing", params: { path: attachment.path } });
  try {
    const units = await unitsThatRun(host, attachment);
    const stop = (names: readonly string[]) => runUnitJobs(host, record, "stop", names, "forward");
    await stop(units.filter((unit) => !isService(unit))); // first what would start the others again
    await stop(units.filter(isService));
    if (wayBack.enabled.length > 0)
      await record.step(
        "disable",
        "forward",
        () => host.systemd.disableUnits(wayBack.enabled, attachment.location),
        { units: wayBack.enabled.join(", ") },
      );
    await detachImage(host, record, attachment, file.path, "forward");
    await record.step("reload", "forward", () => host.systemd.reload());
    record.finish("succeeded", { code: "detached", params: {} });
  } catch (error) {
    await goBack(run, intentOf(run, "switching", wayBack, null), wayBack, error);
  }
}

async function restart(run: Run, wayBack: WayBack): Promise<void> {
  const { host, record, plan } = run;
  const units = plan.unit !== null ? [plan.unit] : wayBack.running.map(({ unit }) => unit).filter(isService);
  try {
    await runUnitJobs(host, record, "restart", units, "forward");
    record.update({ phase: "settling" });
    await settle(host, record, units, "forward", new AbortController().signal);
    const code = units.length > 0 ? "stays-up" : "nothing-ran";
    record.finish("succeeded", { code, params: { version: plan.from?.label ?? "" } });
  } catch (error) {
    await keepLog(host, record, error);
    record.finish("needs-person", messageOf(error));
  }
}

/** The intent as it stands at a stage. */
export function intentOf(
  run: Pick<Run, "record" | "plan">,
  stage: Intent["stage"],
  wayBack: WayBack | null,
  choice: Choice | null,
): Intent {
  return { format: 1, stage, plan: run.plan, deployment: run.record.current, wayBack, choice };
}

const NO_CHOICE: Choice = { matches: [], units: [] };

class Cancelled extends Error {
  constructor(readonly by: string) {
    super("cancelled");
  }
}
