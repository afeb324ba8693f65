import { setTimeout as sleep } from "node:timers/promises";
import { attachImage, detachImage, type Switched } from "@/lib/deploy/attach";
import { bringUp, runUnitJob, settle, wantedAfterSwitch } from "@/lib/deploy/bring-up";
import { checkDeployment } from "@/lib/deploy/check";
import { goBack } from "@/lib/deploy/go-back";
import type { HostGround } from "@/lib/deploy/ground";
import type { Host } from "@/lib/deploy/host";
import type { Intent, Intents, WayBack } from "@/lib/deploy/intent";
import type { Plan } from "@/lib/deploy/plan";
import { messageOf, type Record, Refused, Setback } from "@/lib/deploy/record";
import { isService, unitsThatRan } from "@/lib/deploy/units";
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
    const checked = await checkWhileWaiting(run, ground, graceMs);
    record.update({ phase: "switching", startedAt: Date.now(), startsAt: null });
    const wayBack = await record.step("remember", "forward", () =>
      rememberWayBack(run, checked?.matchesBack ?? []),
    );
    const intent = intentOf(run, "switching", wayBack, checked?.matches ?? []);
    const written = run.intents.write(intent);
    if (checked) return await switchVersion(run, intent, wayBack, checked.profile, written);
    await written;
    if (plan.kind === "detach") await detach(run, ground, wayBack);
    else await restart(run, wayBack);
  } catch (error) {
    if (error instanceof Cancelled) record.finish("cancelled", { code: "cancelled", params: {} });
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
  const wanted = await wantedAfterSwitch(host, switched, wayBack);
  try {
    await bringUp(host, record, wanted, switched.attachment.location, "forward");
    record.update({ phase: "settling" });
    await settle(host, record, wanted.watch, "forward", run.back);
    record.finish("succeeded", {
      code: wanted.watch.length > 0 ? "stays-up" : "nothing-ran",
      params: { version: plan.to?.label ?? "" },
    });
  } catch (error) {
    await goBack(run, intent, wayBack, error, wanted.enable);
  }
}

/** The grace period, with the checks running meanwhile: a refusal comes at once, not after the countdown. */
async function checkWhileWaiting(run: Run, ground: HostGround, graceMs: number) {
  const { host, record, plan } = run;
  const written = run.intents.write(intentOf(run, "planned", null, []));
  const ended = new AbortController();
  const stop = AbortSignal.any([run.cancel, ended.signal]);
  const needsCheck = plan.kind !== "restart" && plan.kind !== "detach";
  const waiting =
    graceMs > 0
      ? record.step("wait", "forward", () =>
          sleep(graceMs, undefined, { signal: stop }).catch(() => undefined),
        )
      : Promise.resolve();
  try {
    const checking = needsCheck
      ? record.step("check", "forward", () => checkDeployment(host, plan, ground))
      : null;
    const [checked] = await Promise.all([checking, waiting, written]);
    if (run.cancel.aborted) throw new Cancelled();
    return checked;
  } finally {
    ended.abort();
    await waiting;
  }
}

async function rememberWayBack({ host, plan }: Run, matches: readonly string[]): Promise<WayBack> {
  if (!plan.attachment) return { attachment: null, matches, running: [], enabled: [] };
  const [running, enabled] = await Promise.all([
    unitsThatRan(host, plan.attachment),
    readEnabledUnits(host.paths),
  ]);
  const own = plan.attachment.units.filter((unit) => enabled.has(unit));
  return { attachment: plan.attachment, matches, running, enabled: own };
}

async function switchVersion(
  run: Run,
  intent: Intent,
  wayBack: WayBack,
  profile: string,
  written: Promise<void>,
): Promise<void> {
  const { host, record, plan } = run;
  const file = plan.to?.path;
  if (file === undefined) throw new Setback({ code: "unexpected", params: { text: "no target" } });
  const location = plan.attachment?.location ?? "persistent";
  try {
    const switched = await attachImage(
      host,
      record,
      plan.service,
      file,
      { matches: intent.matches, profile, location },
      "forward",
      written,
    );
    await finishSwitch(run, intent, wayBack, switched);
  } catch (error) {
    await Promise.allSettled([written]); // the way back writes to the same file
    await goBack(run, intent, wayBack, error, []);
  }
}

async function detach(run: Run, ground: HostGround, wayBack: WayBack): Promise<void> {
  const { host, record } = run;
  const attachment = wayBack.attachment;
  if (!attachment) throw new Refused({ code: "not-attached", params: { service: run.plan.service } });
  const file = ground.versions.find((version) => version.path === attachment.path) ?? ground.versions[0];
  if (!file) throw new Refused({ code: "image-missing", params: { path: attachment.path } });
  try {
    const units = wayBack.running.map(({ unit }) => unit);
    const stop = (unit: string) => runUnitJob(host, record, "stop", unit, "forward");
    await Promise.all(units.filter((unit) => !isService(unit)).map(stop)); // first what would start the others again
    await Promise.all(units.filter(isService).map(stop));
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
    await goBack(run, intentOf(run, "switching", wayBack, []), wayBack, error, []);
  }
}

async function restart(run: Run, wayBack: WayBack): Promise<void> {
  const { host, record, plan } = run;
  const units = plan.unit !== null ? [plan.unit] : wayBack.running.map(({ unit }) => unit).filter(isService);
  try {
    await Promise.all(units.map((unit) => runUnitJob(host, record, "restart", unit, "forward")));
    record.update({ phase: "settling" });
    await settle(host, record, units, "forward", new AbortController().signal);
    record.finish("succeeded", {
      code: units.length > 0 ? "stays-up" : "nothing-ran",
      params: { version: plan.from?.label ?? "" },
    });
  } catch (error) {
    if (error instanceof Setback && error.fall) {
      const { unit, invocationId } = error.fall;
      record.update({ log: await host.systemd.journal({ unit, invocationId, lines: 20 }).catch(() => []) });
    }
    record.finish("needs-person", messageOf(error));
  }
}

/** The intent as it stands at a stage. */
export function intentOf(
  run: Pick<Run, "record" | "plan">,
  stage: Intent["stage"],
  wayBack: WayBack | null,
  matches: readonly string[],
): Intent {
  return { format: 1, stage, plan: run.plan, deployment: run.record.current, wayBack, matches };
}

class Cancelled extends Error {}
