import type { Switched } from "@/lib/deploy/attach";
import type { Host } from "@/lib/deploy/host";
import type { WayBack } from "@/lib/deploy/intent";
import { type Record, Setback } from "@/lib/deploy/record";
import { type Fall, watchSettle } from "@/lib/deploy/settle";
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
  /** Units that have to stay up. */
  readonly watch: readonly string[];
}

/**
 * Works out what runs after a switch: what vanished is stopped, what ran is
 * restarted (a socket, timer or path whose file is the same goes on), and
 * units that only the new version has are started when they say how they want
 * to be enabled and the service ran at all.
 */
export async function wantedAfterSwitch(host: Host, switched: Switched, wayBack: WayBack): Promise<Wanted> {
  const { attachment, before, after } = switched;
  const { attachment: old, running: ran, enabled } = wayBack;
  const changed = changedUnits(host.paths, attachment, before, after);
  const kept = ran.filter(({ unit }) => hasUnit(attachment, unit));
  const first = await unitsToStart(host.paths, attachment);
  const added = first.enable.filter((unit) => !old?.units.includes(unit));
  const start = !old ? first.start : ran.length > 0 ? added : [];
  return {
    stop: ran.map(({ unit }) => unit).filter((unit) => !hasUnit(attachment, unit)),
    start,
    restart: kept.map(({ unit }) => unit).filter((unit) => isService(unit) || changed.has(unit)),
    enable: !old ? first.enable : enabled.length > 0 ? added : [],
    watch: [...kept.filter((unit) => !unit.hadFailed).map(({ unit }) => unit), ...start],
  };
}

/** Reloads PID 1 (a restart before that would still use the old image) and carries out `wanted`; throws `Setback`. */
export async function bringUp(
  host: Host,
  record: Record,
  wanted: Wanted,
  location: "persistent" | "runtime",
  direction: Step["direction"],
): Promise<void> {
  await record.step("reload", direction, () => host.systemd.reload());
  if (wanted.enable.length > 0) {
    await record.step("enable", direction, () => host.systemd.enableUnits(wanted.enable, location), {
      units: wanted.enable.join(", "),
    });
    await record.step("reload", direction, () => host.systemd.reload());
  }
  const job = (verb: JobVerb) => (unit: string) => runUnitJob(host, record, verb, unit, direction);
  const triggers = wanted.restart.filter((unit) => !isService(unit));
  const services = wanted.restart.filter(isService);
  await Promise.all(wanted.stop.map(job("stop")));
  if (triggers.length > 0) {
    // PID 1 refuses to start a socket while the service behind it runs.
    await Promise.all(services.map(job("stop")));
    await Promise.all(triggers.map(job("restart")));
  }
  await Promise.all(services.map(job(triggers.length > 0 ? "start" : "restart")));
  await Promise.all(wanted.start.map(job("start")));
}

/** Runs one job as a step; anything but success throws a `Setback` that names the unit. */
export async function runUnitJob(
  host: Host,
  record: Record,
  verb: JobVerb,
  unit: string,
  direction: Step["direction"],
): Promise<void> {
  await record.step(
    verb,
    direction,
    async () => {
      if (verb !== "stop") await host.systemd.resetFailed(unit).catch(ignoreRefusedCall);
      const result = await host.systemd.runJob(verb, unit);
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

/** The look after the settling time, as a step. */
export async function settle(
  host: Host,
  record: Record,
  units: readonly string[],
  direction: Step["direction"],
  signal: AbortSignal,
): Promise<void> {
  if (units.length === 0) return;
  await record.step(
    "settle",
    direction,
    async () => {
      const fall: Fall | null = await watchSettle(host.systemd, units, host.settleMs, signal);
      if (fall) throw new Setback(fall.message, fall);
      if (signal.aborted) throw new Setback({ code: "sent-back", params: {} });
    },
    { units: units.join(", ") },
  );
}

/** A unit that is not loaded has no failure to reset. */
function ignoreRefusedCall(error: unknown): void {
  if (!(error instanceof AppError) || error.code !== "call-failed") throw error;
}
