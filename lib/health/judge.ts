import type { Probe, ProbeVerdict, TryResult } from "@/lib/health/types";

/**
 * Judges a probe by its tries so far, oldest first; `null` = go on trying.
 * Only the last `passes` of them count: a service may need a while to come up.
 *
 * | the last of them                | before the deadline | at the deadline |
 * |---------------------------------|---------------------|-----------------|
 * | as many passes as are asked for | passed              | passed          |
 * | nothing but failures            | go on               | failed          |
 * | nothing that could be measured  | go on               | unchecked       |
 * | anything else                   | go on               | undecided       |
 */
export function judgeProbe(
  tries: readonly TryResult[],
  { passes }: Pick<Probe, "passes">,
  isOver: boolean,
): ProbeVerdict | null {
  const last = tries.slice(-passes);
  const isAll = (result: TryResult) => last.every((one) => one === result);
  if (last.length === passes && isAll("pass")) return "passed";
  if (!isOver) return null;
  if (isAll("unmeasured")) return "unchecked";
  return isAll("fail") ? "failed" : "undecided";
}

/** How several probes count together: what failed outweighs what nobody can tell, and that outweighs what could not be looked at. */
export function worstVerdict(verdicts: readonly ProbeVerdict[]): ProbeVerdict {
  const order: readonly ProbeVerdict[] = ["failed", "undecided", "unchecked"];
  return order.find((verdict) => verdicts.includes(verdict)) ?? "passed";
}
