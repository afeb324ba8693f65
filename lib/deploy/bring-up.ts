import type { Switched } from "@/lib/deploy/attach";
import type { Turn } from "@/lib/deploy/batch";
import type { Host } from "@/lib/deploy/host";
import type { WayBack } from "@/lib/deploy/intent";
import { type Record, Setback } from "@/lib/deploy/record";
import type { Step } from "@/lib/deploy/types";
import { changedUnits, hasUnit, isService, unitsToStart } from "@/lib/deploy/units";
import { AppError } from "@/lib/errors";
import type { JobVerb } from "@/lib/systemd/types";

/** Which units to set going after a switch of files. */
export interface Wanted {
  readonly stop: readonly string[];
  readonly start: readonly string[];
  readonly restart: readonly string[];
  readonly enable: readonly string[];
  readonly disable: readonly string[];
  /** Units that have to stay up. */
  readonly watch: readonly string[];
  /** Units that had failed before: on the way back they may fail again without anybody minding. */
  readonly hadFailed: ReadonlySet<string>;
}

const NOBODY: ReadonlySet<string> = new Set();

export function failedUnits({ running }: WayBack): ReadonlySet<string> {
  return new Set(running.filter((unit) => unit.hadFailed).map(({ unit }) => unit));
}

/**
 * Works out what runs after a switch: what vanished is stopped, what ran is
 * restarted (a socket, timer or path whose file is the same goes on), and
 * units that only the new version has are started when they say how they want
 * to be enabled and the service ran at all. A service that ran goes on
 * running, also when every unit has another name now.
 */
export async function wantedAfterSwitch(host: Host, switched: Switched, wayBack: WayBack): Promise<Wanted> {
  const { attachment, files, done = NOBODY } = switched;
  const { attachment: old, running: ran, enabled } = wayBack;
  const changed = changedUnits(host.paths, attachment, wayBack.files, files);
  const kept = ran.map(({ unit }) => unit).filter((unit) => hasUnit(attachment, unit));
  const first = await unitsToStart(host.paths, attachment);
  const added = first.enable.filter((unit) => !old?.units.includes(unit));
  const renamed = kept.length + added.length === 0 ? first.start : added;
  const start = !old ? first.start : ran.length > 0 ? renamed : [];
  return {
    stop: ran.map(({ unit }) => unit).filter((unit) => !hasUnit(attachment, unit)),
    start,
    restart: kept.filter((unit) => !done.has(unit) && (isService(unit) || changed.has(unit))),
    enable: !old ? first.enable : enabled.length > 0 ? added : [],
    disable: enabled.filter((unit) => !attachment.units.includes(unit)),
    watch: [...kept, ...start],
    hadFailed: failedUnits(wayBack),
  };
}

export interface BringUpOptions {
  /** Somebody will not wait any longer; the reason is who. */
  readonly signal?: AbortSignal;
  readonly turn?: Turn | null;
  /** Nothing is restarted before that. */
  readonly rehearsed?: Promise<void>;
}

/**
 * Reloads PID 1 (a restart before that would still use the old image) and
 * carries out `wanting`, which may be worked out meanwhile; throws `Setback`.
 */
export async function bringUp(
  host: Host,
  record: Record,
  wanting: Wanted | Promise<Wanted>,
  location: "persistent" | "runtime",
  direction: Step["direction"],
  { signal, turn, rehearsed }: BringUpOptions = {},
): Promise<void> {
  await record.step("reload", direction, () => (turn ? turn.reload(signal) : host.systemd.reload()));
  const wanted = await wanting;
  await rehearsed;
  await turn?.restart(signal);
  const links = [
    ["disable", wanted.disable, () => host.systemd.disableUnits(wanted.disable, location)],
    ["enable", wanted.enable, () => host.systemd.enableUnits(wanted.enable, location)],
  ] as const;
  for (const [verb, units, work] of links)
    if (units.length > 0) await record.step(verb, direction, work, { units: units.join(", ") });
  if (wanted.enable.length + wanted.disable.length > 0)
    await record.step("reload", direction, () => host.systemd.reload());

  const all = (verb: JobVerb, units: readonly string[]) =>
    runUnitJobs(host, record, verb, units, direction, {
      hadFailed: wanted.hadFailed,
      ...(signal ? { signal } : {}),
    });
  const triggers = wanted.restart.filter((unit) => !isService(unit));
  const services = wanted.restart.filter(isService);
  await all("stop", wanted.stop);
  if (triggers.length > 0) {
    // PID 1 refuses to start a socket while the service behind it runs.
    await all("stop", services);
    await all("restart", triggers);
  }
  await all(triggers.length > 0 ? "start" : "restart", services);
  await all("start", wanted.start);
}

export interface JobOptions {
  /** Units whose failure on the way back is no news. */
  readonly hadFailed?: ReadonlySet<string>;
  /** An abort ends the waiting as a `Setback`; the reason is who. */
  readonly signal?: AbortSignal;
}

/** Runs jobs side by side, and waits for every one of them before the first failure is thrown. */
export async function runUnitJobs(
  host: Host,
  record: Record,
  verb: JobVerb,
  units: readonly string[],
  direction: Step["direction"],
  { hadFailed = NOBODY, signal }: JobOptions = {},
): Promise<void> {
  const jobs = await Promise.allSettled(
    units.map((unit) => runUnitJob(host, record, verb, unit, direction, signal)),
  );
  for (const [index, job] of jobs.entries())
    if (job.status === "rejected" && !(direction === "back" && hadFailed.has(units[index] ?? "")))
      throw job.reason;
}

/** Runs one job as a step; anything but success throws a `Setback` that names the unit. */
async function runUnitJob(
  host: Host,
  record: Record,
  verb: JobVerb,
  unit: string,
  direction: Step["direction"],
  signal?: AbortSignal,
): Promise<void> {
  await record.step(
    verb,
    direction,
    async () => {
      if (signal?.aborted) throw sentBack(signal);
      // Also forgets earlier starts: a few switches in a row must not meet the unit's start limit. PID 1 takes the two
      // in this order.
      const forgotten = verb === "stop" ? null : host.systemd.resetFailed(unit).catch(ignoreRefusedCall);
      const job = host.systemd.runJob(verb, unit, signal ? { signal } : {});
      const [forgot, ended] = await Promise.allSettled([forgotten, job]);
      if (ended.status === "rejected") {
        if (!signal?.aborted) throw ended.reason;
        throw new Setback({ code: "broken-off", params: { by: String(signal.reason), unit } });
      }
      if (forgot.status === "rejected") throw forgot.reason;
      const result = ended.value;
      if (result === "done" || result === "skipped") return;
      const status = await host.systemd.unitStatus(unit);
      const why = {
        code: "job-failed",
        params: {
          unit,
          result,
          reason: status.service?.result ?? "",
          status: status.service?.exitStatus ?? 0,
        },
      };
      throw new Setback(why, { unit, invocationId: status.invocationId, message: why });
    },
    { unit },
  );
}

/** Somebody chose to go back; the reason of the signal is who. */
export function sentBack(signal: AbortSignal): Setback {
  return new Setback({ code: "sent-back", params: { by: String(signal.reason) } });
}

/** A unit that is not loaded has no failure to reset. */
function ignoreRefusedCall(error: unknown): void {
  if (!(error instanceof AppError) || error.code !== "call-failed") throw error;
}
