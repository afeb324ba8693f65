import { attachImage, detachImage, isSameImages } from "@/lib/deploy/attach";
import { bringUp, failedUnits, runUnitJobs } from "@/lib/deploy/bring-up";
import { isAnythingLeft, readAttachedFiles } from "@/lib/deploy/collateral";
import { type Armed, FIRED, runWayBack } from "@/lib/deploy/dead-man";
import { syncAttached } from "@/lib/deploy/durable";
import { labelOf, readAttachment } from "@/lib/deploy/ground";
import type { Host } from "@/lib/deploy/host";
import type { Intent, WayBack } from "@/lib/deploy/intent";
import { settle } from "@/lib/deploy/look-again";
import { layeringOf } from "@/lib/deploy/open-images";
import { isOutage, throughOutages, untilReachable } from "@/lib/deploy/outage";
import { messageOf, type Record, recorded, Setback } from "@/lib/deploy/record";
import type { Run } from "@/lib/deploy/run";
import { changedUnits, hasUnit, isService, statesOf, unitsThatRun } from "@/lib/deploy/units";
import type { Message } from "@/lib/errors";
import { readEnabledUnits } from "@/lib/services/enabled";
import type { Attachment } from "@/lib/services/types";

const LOG_LINES = 20;
const NEVER = new AbortController().signal;

/** How often it is tried; waiting for a bus that is away does not count. */
const TRIES = 3;

/**
 * Puts back what was there before and ends the record as `reverted`, as
 * `refused` when the host turns out unchanged, or as `needs-person` when the
 * old version does not come up either. Where portabled cannot do it, PID 1
 * does, from the files that were laid out before the switch. `isRecovery`: what
 * an earlier life did is not on record to its last step. Never throws.
 */
export async function goBack(
  run: Run,
  intent: Intent,
  wayBack: WayBack,
  cause: unknown,
  armed: Armed | null,
  { isRecovery = false } = {},
): Promise<void> {
  const { host, record, plan } = run;
  const why = messageOf(armed?.hasFired() ? new Setback(FIRED) : cause);
  try {
    await keepLog(host, record, cause);
    const now = await readAttachment(host, plan.service);
    const newUnits = intent.choice?.units ?? [];
    const isAsItWas =
      !isRecovery && nothingWasDone(record) && (await isUntouched(run, now, wayBack, newUnits));
    if (isAsItWas && (await callOffAnyhow(armed))) {
      record.finish("refused", why);
      return;
    }
    record.update({ phase: "going-back", endsAt: null });
    await run.reserve
      .release()
      .catch((error: unknown) => console.error("the way back goes on without its reserve:", error));
    await run.intents
      .write({ ...intent, stage: "going-back", wayBack, deployment: record.current })
      .catch((error: unknown) => console.error("the way back goes on without a note of it:", error));
    if (why.code === "broken-off" && now) await killStuck(run, now);
    await backByAnyMeans(run, wayBack, newUnits, armed);
    // It is back: that the host cannot be asked what it looks like now makes that no case for a person.
    const facts = throughOutages(host.systemd, () => withFacts(host, plan.service, why));
    record.finish("reverted", await facts.catch(() => why));
  } catch (error) {
    const kept = (await armed?.giveUp()) ?? "";
    const facts = await withFacts(host, plan.service, why).catch(() => why);
    const second = messageOf(error);
    const params = { ...second.params, ...facts.params, first: why.code, second: second.code, kept };
    record.finish("needs-person", { code: "could-not-go-back", params });
  }
}

/**
 * By portabled first, which leaves its own record of what is attached; else by
 * PID 1. A detach is undone by PID 1 at once, which has the enable links as they
 * were, and so is attaching the same version anew, of which only the bytes tell
 * what was there; nor can portabled detach what it left of a first attach. An
 * old version that falls by itself is not tried again. Where the timer of PID 1
 * runs out meanwhile, what it sets going is waited for and looked at.
 */
async function backByAnyMeans(
  run: Run,
  wayBack: WayBack,
  newUnits: readonly string[],
  armed: Armed | null,
): Promise<void> {
  const { host, record, plan } = run;
  let isByPid1 =
    plan.kind === "detach" || plan.kind === "reattach" || (await isLeftOver(run, wayBack, newUnits));
  for (let attempt = 1; ; attempt++) {
    await untilReachable(host.systemd);
    const isAtIt = armed && (isByPid1 || armed.hasFired());
    try {
      if (isAtIt) await record.step("way-back", "back", () => runWayBack(host, armed)).catch(recorded);
      else await armed?.resume().catch(recorded);
      await back(run, wayBack, newUnits, await readAttachment(host, plan.service));
      if (wayBack.attachment) await syncAttached(host.paths, wayBack.attachment).catch(notSynced);
      const isOver = await callOffAnyhow(armed);
      if (isOver || isAtIt) return;
      attempt--;
    } catch (error) {
      const isItsDoing = armed?.hasFired() && !isAtIt; // a restart by PID 1 looks like a fall
      if (error instanceof Setback && error.fall && !isItsDoing) throw error;
      if (isOutage(error) || isItsDoing) attempt--;
      else if (attempt >= TRIES) throw error;
      else isByPid1 = true;
    }
  }
}

/** Where it cannot be called off, it would find nothing to do: what was there before is back. `false`: it was faster. */
async function callOffAnyhow(armed: Armed | null): Promise<boolean> {
  try {
    return armed === null || (await armed.callOff());
  } catch (error) {
    console.error("the way back cannot be called off:", error);
    return true;
  }
}

/** Of a first attach nothing is attached, and yet not all of it is gone. */
async function isLeftOver(
  { host, plan }: Run,
  { attachment }: WayBack,
  newUnits: readonly string[],
): Promise<boolean> {
  if (attachment || (await readAttachment(host, plan.service))) return false;
  return isAnythingLeft(host.paths, plan, newUnits);
}

function notSynced(error: unknown): void {
  console.error("whether the old files would survive a power cut is not known:", error);
}

/** `newUnits`: what the new version has. An earlier try may have taken their files and left the rest of them. */
async function back(
  run: Run,
  wayBack: WayBack,
  newUnits: readonly string[],
  now: Attachment | null,
): Promise<void> {
  const units = [...new Set([...(now?.units ?? []), ...newUnits])];
  if (wayBack.attachment) return backToOld(run, wayBack, wayBack.attachment, now, { units, newUnits });
  await backToNothing(run, now, units);
  if (isAnythingLeft(run.host.paths, run.plan, newUnits))
    throw new Setback({ code: "files-left", params: { path: run.plan.to?.path ?? "" } });
}

/** Somebody would not wait for it any longer: what still has not stopped is ended. */
async function killStuck({ host, record }: Run, now: Attachment): Promise<void> {
  for (const { name, active } of await statesOf(host, now))
    if (active === "deactivating")
      await record.step("kill", "back", () => host.systemd.killUnit(name), { unit: name });
}

/** The last words of the unit that failed, if it was one. */
export async function keepLog(host: Host, record: Record, cause: unknown): Promise<void> {
  if (!(cause instanceof Setback) || !cause.fall) return;
  const { unit, invocationId } = cause.fall;
  const query = { unit, lines: LOG_LINES, ...(invocationId ? { invocationId } : {}) };
  record.update({ log: await host.systemd.journal(query).catch(() => []) });
}

async function backToOld(
  run: Run,
  wayBack: WayBack,
  old: Attachment,
  now: Attachment | null,
  { units, newUnits }: { readonly units: readonly string[]; readonly newUnits: readonly string[] },
): Promise<void> {
  const { host, record, plan } = run;
  const wanted = {
    service: plan.service,
    file: old.path,
    layering: layeringOf(old),
    choice: wayBack.choice,
    profile: old.profile ?? "default",
    location: old.location,
  };
  const before = await readAttachedFiles(host.paths, now ? [now] : []);
  const strangers = (await statesOf(host, { units })).filter((state) => !hasUnit(old, state.name));
  const attachment = (await isUntouched(run, now, wayBack, newUnits))
    ? old
    : (await attachImage(host, record, wanted, "back")).attachment;
  const after = await readAttachedFiles(host.paths, [attachment]);
  const changed = changedUnits(host.paths, attachment, [...before], after);
  const enabled = await readEnabledUnits(host.paths);
  const isNewlyEnabled = (unit: string) => enabled.has(unit) && !wayBack.enabled.includes(unit);
  const hadFailed = failedUnits(wayBack);

  await bringUp(
    host,
    record,
    {
      stop: strangers.filter((state) => state.active !== "inactive").map((state) => state.name),
      start: [],
      restart: await unitsToRestart(host, wayBack, changed),
      enable: wayBack.enabled.filter((unit) => !enabled.has(unit)),
      disable: [...new Set([...units, ...attachment.units])].filter(isNewlyEnabled),
      watch: [],
      hadFailed,
    },
    old.location,
    "back",
  );
  const watch = wayBack.running.map(({ unit }) => unit).filter((unit) => !hadFailed.has(unit));
  await settle(host, record, watch, "back", NEVER);
}

/** A first attach failed: stop what it started and detach it again. */
async function backToNothing(run: Run, now: Attachment | null, units: readonly string[]): Promise<void> {
  const { host, record } = run;
  const location = now?.location ?? "persistent";
  const running = await unitsThatRun(host, { units });
  const stop = (units: readonly string[]) => runUnitJobs(host, record, "stop", units, "back");
  await stop(running.filter((unit) => !isService(unit)));
  await stop(running.filter(isService));
  const enabled = await readEnabledUnits(host.paths);
  const links = units.filter((unit) => enabled.has(unit));
  if (links.length > 0)
    await record.step("disable", "back", () => host.systemd.disableUnits(links, location), {
      units: links.join(", "),
    });
  if (now) await detachImage(host, record, now, now, "back");
  await record.step("reload", "back", () => host.systemd.reload());
}

/** A process that was never restarted is still the old version's: it is left alone, without a second of downtime. */
async function unitsToRestart(host: Host, wayBack: WayBack, changed: ReadonlySet<string>): Promise<string[]> {
  const restart: string[] = [];
  for (const { unit, invocationId } of wayBack.running) {
    const status = await host.systemd.unitStatus(unit);
    const isSameRun = status.active === "active" && status.invocationId === invocationId;
    if (isService(unit) ? !isSameRun : status.active !== "active" || changed.has(unit)) restart.push(unit);
  }
  return restart;
}

/** Adds what is true on the host now: the attached version, and the state of its units. */
export async function withFacts(host: Host, service: string, why: Message): Promise<Message> {
  const now = await readAttachment(host, service);
  const states = now ? await statesOf(host, now) : [];
  const units = states.map((state) => `${state.name} ${state.active}`).join(", ");
  return { code: why.code, params: { ...why.params, now: now ? labelOf(now.path) : "", units } };
}

/** By the bytes too: the same version may have been attached anew, with another profile or over an edited file. */
async function isUntouched(
  { host, plan }: Run,
  now: Attachment | null,
  { attachment: old, files }: WayBack,
  newUnits: readonly string[],
): Promise<boolean> {
  if (!old) return now === null && !isAnythingLeft(host.paths, plan, newUnits);
  if (!now || !isSameImages(now, old) || now.units.join() !== old.units.join()) return false;
  const found = await readAttachedFiles(host.paths, [now]);
  return found.size === files.length && files.every(([file, digest]) => found.get(file) === digest);
}

/** Only then is "nothing changed" true: the files are the old ones and no job was run. */
function nothingWasDone(record: Record): boolean {
  const harmless = new Set(["wait", "check", "rehearse", "remember", "arm", "attach", "compare"]);
  return record.current.steps.every((step) => harmless.has(step.name));
}
