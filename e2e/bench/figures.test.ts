import { describe, expect, it } from "vitest";
import { BARS, judge, toJson, toTable } from "./figures";

const met = Object.fromEntries(Object.entries(BARS));
const all = Object.keys(BARS).length;

describe("figures", () => {
  it("a figure on the bar meets it", () => {
    expect(judge(met).every((verdict) => verdict.state === "met")).toBe(true);
    expect(toTable(met)).toContain(`All ${all} bars that were measured are met.`);
  });

  it.each([
    ["above the bar", 1.26],
    ["no number", "timed out"],
    ["not a number", Number.NaN],
  ])("a figure misses its bar when it is %s", (_, value) => {
    const figures = { ...met, "deploy.ratio": value };
    expect(JSON.parse(toJson(figures)).missed).toEqual(["deploy.ratio"]);
    expect(toTable(figures)).toContain(`1 of ${all} bars are missed: deploy.ratio.`);
  });

  it("a figure whose bar is a text has to be that text", () => {
    expect(
      judge({ ...met, "safety.killed_back": "99/100" }).find(({ state }) => state === "missed")?.key,
    ).toBe("safety.killed_back");
  });

  it("what was not asked for is no miss", () => {
    const figures = { "deploy.ratio": 1 };
    expect(JSON.parse(toJson(figures)).missed).toEqual([]);
    expect(toTable(figures)).toContain("All 1 bars that were measured are met.");
  });

  it("the JSON is flat, with dotted keys", () => {
    expect(JSON.parse(toJson({ ...met, "deploy.ours_ms": 300 }))).toMatchObject({ "deploy.ours_ms": 300 });
  });
});
