import { describe, expect, it } from "vitest";
import { textDiff } from "@/lib/drift/text-diff";

const lines = (count: number, change: Record<number, string> = {}) =>
  Array.from({ length: count }, (_, index) => change[index] ?? `line ${index}`).join("\n");

describe("textDiff", () => {
  it.each([
    ["equal texts", "a\nb\n", "a\nb\n", ""],
    ["a line more at the end", "a\n", "a\nb\n", " a\n+b"],
    ["a line less", "a\nb\nc", "a\nc", " a\n-b\n c"],
    ["from nothing", "", "a\n", "+a"],
    ["to nothing", "a\n", "", "-a"],
    [
      "far apart: what lies between is left out",
      lines(20),
      lines(20, { 2: "X", 17: "Y" }),
      " line 0\n line 1\n-line 2\n+X\n line 3\n line 4\n…\n line 15\n line 16\n-line 17\n+Y\n line 18\n line 19",
    ],
  ])("%s", (_name, before, after, diff) => {
    expect(textDiff(before, after)).toBe(diff);
  });

  it("ends in time and stays short, whatever the texts", () => {
    const [before, after] = [lines(4000), lines(4000, { 0: "X", 2000: "Y", 3999: "Z" })];
    const began = performance.now();
    expect(textDiff(before, after).length).toBeLessThan(6100);
    expect(performance.now() - began).toBeLessThan(1000);
  });
});
