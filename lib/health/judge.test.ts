import { describe, expect, it } from "vitest";
import { judgeProbe, worstVerdict } from "@/lib/health/judge";
import type { ProbeVerdict, TryResult } from "@/lib/health/types";

const TRIES: Record<string, TryResult> = { p: "pass", f: "fail", u: "unmeasured" };

describe("a series of tries", () => {
  // p pass, f fail, u unmeasured; before the deadline, then at it.
  it.each<[string, number, ProbeVerdict | null, ProbeVerdict]>([
    ["", 1, null, "unchecked"],
    ["p", 1, "passed", "passed"],
    ["p", 2, null, "undecided"],
    ["pp", 2, "passed", "passed"],
    ["ffpp", 2, "passed", "passed"],
    ["f", 1, null, "failed"],
    ["fff", 2, null, "failed"],
    ["pff", 2, null, "failed"],
    ["pfpf", 2, null, "undecided"],
    ["fffp", 3, null, "undecided"],
    ["u", 1, null, "unchecked"],
    ["fuu", 2, null, "unchecked"],
    ["puu", 2, null, "unchecked"],
    ["uf", 2, null, "undecided"],
    ["up", 2, null, "undecided"],
    ["uffff", 2, null, "failed"],
  ])("%s with %i in a row", (text, passes, before, after) => {
    const tries = [...text].map((letter) => TRIES[letter] ?? "fail");
    expect(judgeProbe(tries, { passes }, false)).toBe(before);
    expect(judgeProbe(tries, { passes }, true)).toBe(after);
  });
});

describe("several probes", () => {
  it.each<[ProbeVerdict[], ProbeVerdict]>([
    [[], "passed"],
    [["passed", "passed"], "passed"],
    [["passed", "unchecked"], "unchecked"],
    [["unchecked", "undecided"], "undecided"],
    [["undecided", "failed", "unchecked"], "failed"],
  ])("%j", (verdicts, worst) => {
    expect(worstVerdict(verdicts)).toBe(worst);
  });
});
