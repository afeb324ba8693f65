import { setImmediate } from "node:timers/promises";
import { attachImage, detachImage } from "@/lib/deploy/attach";
import type { Turn } from "@/lib/deploy/batch";
import { runUnitJobs } from "@/lib/deploy/bring-up";
import { attachedChoice, type Checked, checkDeployment, checkDetach } from "@/lib/deploy/check";
import { readAttachedFiles } from "@/lib/deploy/collateral";
import { type Armed, callOff, type DeadMan, type Prepared, untilFired } from "@/lib/deploy/dead-man";
import { syncAttached } from "@/lib/deploy/durable";
import { finishSwitch } from "@/lib/deploy/finish";
import { goBack, keepLog, withFacts } from "@/lib/deploy/go-back";
import { Cancelled, planAgain, waitGrace } from "@/lib/deploy/grace";
import type { HostGround } from "@/lib/deploy/ground";
import type { Host } from "@/lib/deploy/host";
import type { Intent, Intents, WayBack } from "@/lib/deploy/intent";
import { settle } from "@/lib/deploy/look-again";
import { type Choice, isSameChoice } from "@/lib/deploy/matches";
import { plannedLayering } from "@/lib/deploy/open-images";
import { untilReachable } from "@/lib/deploy/outage";
import type { Plan } from "@/lib/deploy/plan";
import { messageOf, type Record, Refused, Setback } from "@/lib/deploy/record";
import { isSuspect, rehearseAhead, rehearseSwitch } from "@/lib/deploy/rehearse";
import { lacks, type Reserve } from "@/lib/deploy/reserve";
import { isService, unitsThatRan, unitsThatRun } from "@/lib/deploy/units";
import { readEnabledUnits } from "@/lib/services/enabled";
import type { Layer } from "@/lib/services/types";

export interface Run {
  readonly host: Host;
  readonly record: Record;
  readonly intents: Intents;
  readonly deadMan: DeadMan;
  readonly reserve: Reserve;
  readonly plan: Plan;
  /** Aborted by Cancel, during the grace period; the reason is who. */
  readonly cancel: AbortSignal;
  /** Aborted by "Go back now", from the first change to the end of the trial; the reason is who. */
  readonly back: AbortSignal;
  /** Aborted by "Keep", during the trial; the reason is who. */
  readonly keep: AbortSignal;
  /** Its place in a batch. */
  readonly turn: Turn | null;
}

/**
 * Carries out a plan and, if the new version does not stay up, puts the old
 * one back. Never throws: the record says how it ended. The intent stays on
 * disk until the caller has saved the outcome.
 */
export async function runDeployment(run: Run, ground: HostGround, graceMs: number): Promise<void> {
  const { record } = run;
  let wayOut: Prepared | null = null;
  let atWork: Promise<void> | null = null;
  try {
    const prepared = await prepare(run, ground, graceMs);
    const { checked, wayBack, now, laidOut, laidAside, rehearse, ahead } = prepared;
    wayOut = laidOut;
    atWork = ahead;
    await run.turn?.begin(run.cancel);
    // Cancel is accepted until the very moment in which the phase changes.
    if (run.cancel.aborted) throw new Cancelled(String(run.cancel.reason));
    record.update({ phase: "switching", startedAt: Date.now(), startsAt: null });
    const intent = intentOf(run, "switching", wayBack, checked?.choice ?? null);
    const isAside = laidAside && checked && isSameChoice(wayBack.choice, checked.choice);
    const written = isAside ? laidAside.commit() : run.intents.write(intent);
    if (!laidOut) {
      await written;
      return await restart(run, wayBack);
    }
    const armed = record.step("arm", "forward", () => laidOut.arm(checked?.choice.units ?? []));
    const ready = { armed, written };
    if (checked) await switchVersion(run, intent, wayBack, { ...checked, rehearse }, ready);
    else await detach(run, now, wayBack, ready);
  } catch (error) {
    await wayOut?.drop();
    await atWork; // nothing of ours is at work when a refusal is told
    if (error instanceof Cancelled)
      record.finish("cancelled", { code: "cancelled", params: { by: error.by } });
    else record.finish("refused", messageOf(error));
  }
}

/** What has to hold before anything is changed. */
interface Ready {
  readonly armed: Promise<Armed>;
  readonly written: Promise<void>;
}

/** Resolves or rejects when both are over, so that neither goes on behind the back of whoever ends it. */
async function bothOf(ready: Ready): Promise<Armed> {
  const [armed, written] = await Promise.allSettled([ready.armed, ready.written]);
  if (armed.status === "rejected") throw armed.reason;
  if (written.status === "rejected") throw written.reason;
  return armed.value;
}

/**
 * All that changes nothing: the grace period, the check of the image, the way
 * back. Without a grace period there may be a rehearsal left: it has to be over
 * before a unit is restarted, and until then the old version goes on running.
 */
async function prepare(run: Run, ground: HostGround, graceMs: number) {
  const { host, record, plan } = run;
  await makeRoom(run);
  const written = run.intents.write(intentOf(run, "planned", null, null));
  const needsCheck = plan.kind !== "restart" && plan.kind !== "detach";
  let rehearse = async () => {};
  let ahead: Promise<void> | null = null;
  const check = async (now: HostGround, step: Step = silently) => {
    if (plan.kind === "detach") await checkDetach(host, plan, now);
    if (!needsCheck) return null;
    const checking = step("check", "forward", () => checkDeployment(host, plan, now));
    if (graceMs === 0) ahead = rehearseAhead(host, plan, now);
    const checked = await checking;
    const wholly = () => step("rehearse", "forward", () => rehearseSwitch(host, plan, now, checked));
    // Where somebody waits anyway, or it failed the last time, nothing is changed before it has gone well.
    if (graceMs > 0 || isSuspect(host, plan, now)) await wholly();
    else rehearse = wholly;
    return checked;
  };
  const checkStep = () => check(ground, record.step);
  if (graceMs > 0) await Promise.all([waitGrace(run, graceMs, checkStep), written]);
  const now = graceMs > 0 ? await planAgain(run, ground) : ground;
  const remember = async () => {
    await setImmediate(); // portabled is asked first: its answer takes longest
    const known = rememberWayBack(run, now);
    const aside = known.then((wayBack) => layIntentAside(run, written, wayBack)).catch(() => null); // then it is written later, or that says why not
    try {
      const laidOut =
        plan.kind === "restart" ? null : await run.deadMan.prepare(record.current.id, plan, known);
      return { wayBack: await known, laidOut, laidAside: await aside };
    } finally {
      await aside; // whoever ends this removes it
    }
  };
  const [checked, remembered, noted] = await Promise.allSettled([
    graceMs > 0 ? check(now) : checkStep(), // what was opened is known already, so a second look costs little
    record.step("remember", "forward", remember),
    written,
  ]);
  if ([checked, remembered, noted].some(({ status }) => status === "rejected")) await ahead;
  if (remembered.status === "rejected") throw remembered.reason;
  if (checked.status === "rejected" || noted.status === "rejected") await remembered.value.laidOut?.drop();
  if (checked.status === "rejected") throw checked.reason;
  if (noted.status === "rejected") throw noted.reason;
  return { checked: checked.value, now, rehearse, ahead, ...remembered.value };
}

/**
 * Most versions have the units of the last one: the intent to switch to such
 * a one is laid down while it is still being checked, as it reads when the
 * check has gone well.
 */
async function layIntentAside(run: Run, before: Promise<void>, wayBack: WayBack) {
  const { record, plan, turn } = run;
  if (!wayBack.attachment || plan.kind === "restart" || plan.kind === "detach" || turn) return null;
  await before; // it is in the same file
  const now = Date.now();
  const steps = record.current.steps.map((step) =>
    step.outcome === "running"
      ? { ...step, outcome: "done" as const, durationMs: now - step.startedAt }
      : step,
  );
  const deployment = {
    ...record.current,
    phase: "switching" as const,
    startedAt: now,
    startsAt: null,
    steps,
  };
  return run.intents.layAside({ ...intentOf(run, "switching", wayBack, wayBack.choice), deployment });
}

/** Nobody goes forward on a disk that is nearly full; whoever goes back gets the reserve. */
async function makeRoom({ host, plan, reserve }: Run): Promise<void> {
  const location = plan.attachment?.location ?? "persistent";
  for (const place of [host.stateDir, host.paths.attached[location]]) {
    const what = await lacks(place);
    if (what === null) continue;
    if (plan.kind === "upgrade" || plan.kind === "attach")
      throw new Refused({ code: "no-room", params: { path: place, what } });
    await reserve.release();
  }
}

type Step = Record["step"];
const silently: Step = (_name, _direction, work) => work();

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
  { choice, profile, rehearse }: Checked & { readonly rehearse: () => Promise<void> },
  ready: Ready,
): Promise<void> {
  const { host, record, plan } = run;
  const location = wayBack.attachment?.location ?? "persistent";
  const layering = plannedLayering(plan.to, wayBack.attachment);
  const wanted = { service: plan.service, file: plan.to?.path ?? "", layering, choice, profile, location };
  const both = bothOf(ready);
  const attaching = new AbortController();
  // portabled is asked first; and what goes back already needs no rehearsal.
  const rehearsed = both
    .then(() => setImmediate())
    .then(() => (attaching.signal.aborted ? undefined : rehearse()));
  rehearsed.catch(() => undefined);
  try {
    const switched = await attachImage(host, record, wanted, "forward", both);
    await finishSwitch(run, intent, wayBack, switched, await both, rehearsed);
  } catch (error) {
    attaching.abort();
    await both.catch(() => undefined); // the way back writes to the same file
    await rehearsed.catch(() => undefined);
    await goBack(run, intent, wayBack, error, await ready.armed.catch(() => null));
  }
}

async function detach(run: Run, ground: HostGround, wayBack: WayBack, ready: Ready): Promise<void> {
  const { host } = run;
  const armed = await bothOf(ready);
  const attachment = wayBack.attachment;
  if (!attachment) throw new Refused({ code: "not-attached", params: { service: run.plan.service } });
  const file = ground.versions.find((version) => version.path === attachment.path) ?? ground.versions[0];
  if (!file) throw new Refused({ code: "image-missing", params: { path: attachment.path } });
  const record = untilFired(run.record, armed);
  try {
    const units = await unitsThatRun(host, attachment);
    const stop = (names: readonly string[]) =>
      runUnitJobs(host, record, "stop", names, "forward", { signal: run.back });
    await stop(units.filter((unit) => !isService(unit))); // first what would start the others again
    await stop(units.filter(isService));
    if (wayBack.enabled.length > 0)
      await record.step(
        "disable",
        "forward",
        () => host.systemd.disableUnits(wayBack.enabled, attachment.location),
        { units: wayBack.enabled.join(", ") },
      );
    const extensions = ground.layers.map((layer) => namesakeOf(layer));
    await detachImage(host, record, attachment, { path: file.path, extensions }, "forward");
    await record.step("reload", "forward", () => host.systemd.reload());
    await syncAttached(host.paths, attachment);
    await callOff(armed, run.back); // it may have been pressed too late for the jobs
    record.finish("succeeded", { code: "detached", params: {} });
  } catch (error) {
    await goBack(run, intentOf(run, "switching", wayBack, null), wayBack, error, armed);
  }
}

/** A file that portabled takes for this extension: itself, or another version where its own file is gone. */
function namesakeOf({ path, versions }: Layer): string {
  return (versions.find((version) => version.path === path) ?? versions[0])?.path ?? path;
}

async function restart(run: Run, wayBack: WayBack): Promise<void> {
  const { host, record, plan } = run;
  const units = plan.unit !== null ? [plan.unit] : wayBack.running.map(({ unit }) => unit).filter(isService);
  try {
    try {
      await runUnitJobs(host, record, "restart", units, "forward", { signal: run.back });
    } catch (error) {
      const done = error instanceof Setback ? "some" : await restartedOf(host, wayBack, units);
      if (done === "none") return record.finish("refused", messageOf(error));
      if (done === "some") throw error;
    }
    record.update({ phase: "settling" });
    const settled = await settle(host, record, units, "forward", new AbortController().signal);
    const code = units.length > 0 ? "stays-up" : "nothing-ran";
    record.finish("succeeded", settled.message ?? { code, params: { version: plan.from?.label ?? "" } });
  } catch (error) {
    await keepLog(host, record, error);
    record.finish("needs-person", await withFacts(host, plan.service, messageOf(error)));
  }
}

/** Where PID 1 did not say what came of a restart, the runs of its units do. `some` also where one is not up. */
async function restartedOf(
  { systemd }: Host,
  { running }: WayBack,
  units: readonly string[],
): Promise<"all" | "none" | "some"> {
  await untilReachable(systemd);
  const states = await Promise.all(units.map((unit) => systemd.unitStatus(unit)));
  if (states.some(({ active }) => active !== "active" && active !== "activating")) return "some";
  const before = new Map(running.map(({ unit, invocationId }) => [unit, invocationId]));
  const same = states.filter(({ name, invocationId }) => before.get(name) === invocationId);
  return same.length === 0 ? "all" : same.length === states.length ? "none" : "some";
}

/** The intent as it stands at a stage. */
export function intentOf(
  run: Pick<Run, "record" | "plan">,
  stage: Intent["stage"],
  wayBack: WayBack | null,
  choice: Choice | null,
): Intent {
  const deployment = run.record.current;
  return { format: 1, stage, plan: run.plan, deployment, wayBack, choice, trialEnds: null };
}

const NO_CHOICE: Choice = { matches: [], units: [] };
