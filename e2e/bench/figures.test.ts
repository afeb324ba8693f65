import { describe, expect, it } from "vitest";
import { BARS, judge, toJson, toTable } from "./figures";

const met = Object.fromEntries(Object.entries(BARS));

describe("figures", () => {
  it("a figure on the bar meets it", () => {
    expect(judge(met).every((verdict) => verdict.isMet)).toBe(true);
    expect(toTable(met)).toContain("All bars are met.");
  });

  it.each([
    ["above", { ...met, "deploy.ratio": 1.16 }],
    ["not measured", Object.fromEntries(Object.entries(met).filter(([key]) => key !== "deploy.ratio"))],
    ["no number", { ...met, "deploy.ratio": "timed out" }],
  ])("a bar is missed when the figure is %s", (_, figures) => {
    expect(JSON.parse(toJson(figures)).missed).toEqual(["deploy.ratio"]);
    expect(toTable(figures)).toContain("1 of 11 bars are missed: deploy.ratio.");
  });

  it("the JSON is flat, with dotted keys", () => {
    expect(JSON.parse(toJson({ ...met, "deploy.ours_ms": 300 }))).toMatchObject({ "deploy.ours_ms": 300 });
  });
});
