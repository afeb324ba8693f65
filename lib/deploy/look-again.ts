import { sentBack } from "@/lib/deploy/bring-up";
import type { Host } from "@/lib/deploy/host";
import { watchProbe } from "@/lib/deploy/probing";
import { Doubt, type Record, Setback } from "@/lib/deploy/record";
import { type Fall, watchSettle } from "@/lib/deploy/settle";
import type { Step } from "@/lib/deploy/types";
import type { Message } from "@/lib/errors";
import { worstVerdict } from "@/lib/health/judge";

/**
 * What the look after a restart says of the version. `undecided`: answers were
 * mixed, so a person has to say. `unchecked`: a probe could not be tried, which
 * is held against nobody.
 */
export interface Settled {
  readonly verdict: "healthy" | "undecided" | "unchecked";
  /** `null` when healthy. */
  readonly message: Message | null;
}

const HEALTHY: Settled = { verdict: "healthy", message: null };

/**
 * The look after the restart: units stay up for the settling time, and as long
 * as any probe of the service is not judged. Throws a `Setback` for the first
 * unit that falls, the first probe that fails, or when somebody sends it back.
 */
export async function settle(
  host: Host,
  record: Record,
  units: readonly string[],
  direction: Step["direction"],
  signal: AbortSignal,
): Promise<Settled> {
  if (units.length === 0) return HEALTHY; // what does not run answers nobody
  const { settleMs, probes } = host.orders.healthOf(record.current.service);
  const enough = new AbortController();
  const stop = () => enough.abort();
  let setback: unknown = null;
  let open = probes.length;
  const orStop = (error: unknown) => {
    setback ??= error;
    stop();
    return "failed" as const;
  };

  const watchUnits = record.step(
    "settle",
    direction,
    async () => {
      const fall: Fall | null = await watchSettle(host.systemd, units, settleMs, enough.signal, {
        isOver: () => open === 0,
      });
      if (fall) throw new Setback(fall.message, fall);
      if (signal.aborted) throw sentBack(signal);
      if (enough.signal.aborted) throw new Doubt({ code: "cut-short", params: {} });
    },
    { units: units.join(", ") },
  );
  const watchProbes = probes.map((probe) =>
    watchProbe(record, probe, direction, enough.signal)
      .catch(orStop)
      .finally(() => open--),
  );
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  try {
    // Every step is over before the way back begins, or it would go on beside it.
    const [, ...verdicts] = await Promise.all([watchUnits.catch(orStop), ...watchProbes]);
    if (setback) throw setback;
    return settledBy(worstVerdict(verdicts), record);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function settledBy(verdict: ReturnType<typeof worstVerdict>, record: Record): Settled {
  if (verdict !== "undecided" && verdict !== "unchecked") return HEALTHY;
  const code = `probe-${verdict}`;
  const step = record.current.steps.findLast((one) => one.message?.code === code);
  return { verdict, message: step?.message ?? { code, params: {} } };
}
