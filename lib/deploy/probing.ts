import { setTimeout as sleep } from "node:timers/promises";
import { Doubt, type Record, Setback } from "@/lib/deploy/record";
import type { Step } from "@/lib/deploy/types";
import { writeAim } from "@/lib/health/address";
import { judgeProbe } from "@/lib/health/judge";
import { runProbe } from "@/lib/health/probe";
import type { Probe, ProbeAnswer, ProbeVerdict, TryResult } from "@/lib/health/types";

/**
 * Tries one probe until it is judged, as a step of its own. A probe that could
 * not be tried, or whose answers are mixed, resolves: it condemns nobody. Throws
 * a `Setback` for one that has failed by its deadline.
 */
export async function watchProbe(
  record: Record,
  probe: Probe,
  direction: Step["direction"],
  signal: AbortSignal,
): Promise<Exclude<ProbeVerdict, "failed">> {
  try {
    await record.step(
      "probe",
      direction,
      async () => {
        const judged = await tryUntilJudged(probe, signal);
        if (!judged) throw new Doubt({ code: "cut-short", params: {} });
        if (judged.verdict !== "passed") throw shortfallOf(judged.verdict, judged.last);
      },
      { address: writeAim(probe) },
    );
    return "passed";
  } catch (error) {
    if (!(error instanceof Doubt)) throw error;
    return error.why.code === "probe-undecided" ? "undecided" : "unchecked";
  }
}

/** `null`: the signal came first. The deadline counts from now, on a clock that nobody sets. */
async function tryUntilJudged(
  probe: Probe,
  signal: AbortSignal,
): Promise<{ verdict: ProbeVerdict; last: ProbeAnswer } | null> {
  const deadline = performance.now() + probe.deadlineMs;
  const results: TryResult[] = [];
  for (;;) {
    const last = await runProbe(probe, signal);
    if (signal.aborted) return null;
    results.push(last.result);
    // Over when no further try would begin in time.
    const verdict = judgeProbe(results, probe, performance.now() + probe.intervalMs >= deadline);
    if (verdict) return { verdict, last };
    await sleep(probe.intervalMs, undefined, { signal }).catch(ignoreAbort);
    if (signal.aborted) return null;
  }
}

function shortfallOf(verdict: Exclude<ProbeVerdict, "passed">, { message }: ProbeAnswer): Error {
  const params = { ...message.params, problem: message.code };
  switch (verdict) {
    case "failed":
      return new Setback({ code: "probe-failed", params });
    case "undecided":
      return new Doubt({ code: "probe-undecided", params });
    case "unchecked":
      return new Doubt({ code: "probe-unchecked", params });
    default:
      return verdict satisfies never;
  }
}

function ignoreAbort(error: Error): void {
  if (error.name !== "AbortError") throw error;
}
