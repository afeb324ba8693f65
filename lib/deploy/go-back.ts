import { attachImage, detachImage } from "@/lib/deploy/attach";
import { bringUp, runUnitJob, settle, type Wanted } from "@/lib/deploy/bring-up";
import { readAttachedFiles } from "@/lib/deploy/collateral";
import { labelOf, readAttachment } from "@/lib/deploy/ground";
import type { Host } from "@/lib/deploy/host";
import type { Intent, WayBack } from "@/lib/deploy/intent";
import { messageOf, type Record, Setback } from "@/lib/deploy/record";
import type { Run } from "@/lib/deploy/run";
import { changedUnits, isService, statesOf } from "@/lib/deploy/units";
import type { Message } from "@/lib/errors";
import type { Attachment } from "@/lib/services/types";

const LOG_LINES = 20;
const NEVER = new AbortController().signal;

/**
 * Puts back what was there before and ends the record as `reverted`, as
 * `refused` when the host turns out unchanged, or as `needs-person` when the
 * old version does not come up either. Never throws.
 */
export async function goBack(
  run: Run,
  intent: Intent,
  wayBack: WayBack,
  cause: unknown,
  enabledOnTheWay: readonly string[],
): Promise<void> {
  const { host, record, plan } = run;
  const why = messageOf(cause);
  try {
    await keepLog(host, record, cause);
    const now = await readAttachment(host, plan.service);
    if (isUntouched(now, wayBack.attachment) && nothingWasDone(record)) {
      record.finish("refused", why);
      return;
    }
    record.update({ phase: "going-back" });
    await run.intents.write({ ...intent, stage: "going-back", wayBack, deployment: record.current });
    if (wayBack.attachment) await backToOld(run, wayBack, wayBack.attachment, now, enabledOnTheWay);
    else if (now) await backToNothing(run, now, enabledOnTheWay);
    record.finish("reverted", await withFacts(host, plan.service, why));
  } catch (error) {
    const facts = await withFacts(host, plan.service, why).catch(() => why);
    const second = messageOf(error);
    record.finish("needs-person", {
      code: "could-not-go-back",
      params: { ...facts.params, first: why.code, second: second.code },
    });
  }
}

async function backToOld(
  run: Run,
  wayBack: WayBack,
  old: Attachment,
  now: Attachment | null,
  enabledOnTheWay: readonly string[],
): Promise<void> {
  const { host, record, plan } = run;
  const before = await readAttachedFiles(host.paths, now ? [now] : []);
  if (enabledOnTheWay.length > 0)
    await record.step("disable", "back", () => host.systemd.disableUnits(enabledOnTheWay, old.location), {
      units: enabledOnTheWay.join(", "),
    });
  const options = {
    matches: wayBack.matches,
    profile: old.profile ?? "default",
    location: old.location,
    force: now === null,
  };
  const attachment = isUntouched(now, old)
    ? old
    : (await attachImage(host, record, plan.service, old.path, options, "back")).attachment;
  const after = await readAttachedFiles(host.paths, [attachment]);

  const changed = changedUnits(host.paths, attachment, before, after);
  const extra = now
    ? (await statesOf(host, now)).filter(
        (state) =>
          !old.units.includes(state.name) && state.active !== "inactive" && !ranBefore(wayBack, state.name),
      )
    : [];
  const restart = await unitsToRestart(host, wayBack, changed);
  const wanted: Wanted = {
    stop: extra.filter((state) => !/@[^.]/.test(state.name)).map((state) => state.name),
    start: [],
    restart,
    enable: [],
    watch: wayBack.running.filter((unit) => !unit.hadFailed).map(({ unit }) => unit),
  };
  await bringUp(host, record, wanted, old.location, "back");
  await settle(host, record, wanted.watch, "back", NEVER);
}

/** A first attach failed: stop what it started and detach it again. */
async function backToNothing(run: Run, now: Attachment, enabledOnTheWay: readonly string[]): Promise<void> {
  const { host, record } = run;
  const running = (await statesOf(host, now)).filter(
    (state) => state.active !== "inactive" && state.active !== "failed",
  );
  for (const { name } of [...running].sort((a, b) => Number(isService(a.name)) - Number(isService(b.name))))
    await runUnitJob(host, record, "stop", name, "back");
  if (enabledOnTheWay.length > 0)
    await record.step("disable", "back", () => host.systemd.disableUnits(enabledOnTheWay, now.location), {
      units: enabledOnTheWay.join(", "),
    });
  await detachImage(host, record, now, now.path, "back");
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

async function keepLog(host: Host, record: Record, cause: unknown): Promise<void> {
  if (!(cause instanceof Setback) || !cause.fall) return;
  const { unit, invocationId } = cause.fall;
  const query = { unit, lines: LOG_LINES, ...(invocationId ? { invocationId } : {}) };
  record.update({ log: await host.systemd.journal(query) });
}

/** Adds what is true on the host now: the attached version, and the state of its units. */
async function withFacts(host: Host, service: string, why: Message): Promise<Message> {
  const now = await readAttachment(host, service);
  const states = now ? await statesOf(host, now) : [];
  const units = states.map((state) => `${state.name} ${state.active}`).join(", ");
  return { code: why.code, params: { ...why.params, now: now ? labelOf(now.path) : "", units } };
}

function isUntouched(now: Attachment | null, old: Attachment | null): boolean {
  if (!now || !old) return now === old;
  return now.path === old.path && now.units.join() === old.units.join();
}

/** Only then is "nothing changed" true: the files are the old ones and no job was run. */
function nothingWasDone(record: Record): boolean {
  const harmless = new Set(["wait", "check", "remember", "attach", "compare"]);
  return record.current.steps.every((step) => harmless.has(step.name));
}

function ranBefore(wayBack: WayBack, unit: string): boolean {
  return wayBack.running.some((ran) => ran.unit === unit);
}
