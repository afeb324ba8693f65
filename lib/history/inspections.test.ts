import { afterAll, beforeAll, expect, it } from "vitest";
import { createScratch, type Scratch } from "@/lib/history/fixtures";
import { allInspections, imageTexts, saveInspection } from "@/lib/history/inspections";
import type { Inspection } from "@/lib/images/types";

let scratch: Scratch;
beforeAll(() => {
  scratch = createScratch();
});
afterAll(() => scratch.remove());

const stamp = {
  dev: 66_306,
  ino: 9_007_199_254_740_000,
  size: 5_000_000_000,
  mtimeMs: 1_764_000_000_000.125,
};
const good: Inspection = {
  path: "/srv/a/a_1.raw",
  stamp,
  at: 1_800_000_000_000,
  ok: true,
  facts: { osRelease: { ID: "demo", PRETTY_NAME: "\u202eomed" }, prefixes: ["a"], units: ["a.service"] },
};
const bad: Inspection = {
  path: "/srv/a/a_2.raw",
  stamp,
  at: 1_800_000_000_001,
  ok: false,
  problem: { code: "no-os-release", params: { n: 1 } },
};
const texts = { osReleaseText: "ID=demo\n", unitTexts: { "a.service": "[Service]\nExecStart=/a\n\0" } };
const none = { osReleaseText: "", unitTexts: {} };

it("what an image said comes back, the texts only for one", () => {
  const db = scratch.owner();
  saveInspection(db, { ...good, ...texts });
  saveInspection(db, { ...bad, ...none });
  expect([...allInspections(db).values()]).toEqual([good, bad]);
  expect([...allInspections(db, bad.at).keys()]).toEqual([bad.path]);
  expect([imageTexts(db, good.path), imageTexts(db, bad.path), imageTexts(db, "/srv/x")]).toEqual([
    texts,
    none,
    null,
  ]);
});

it("a newer look at the same path replaces the older", () => {
  const db = scratch.owner();
  saveInspection(db, { ...bad, path: good.path, ...none });
  saveInspection(db, { ...good, ...texts });
  expect([...allInspections(db).values()]).toEqual([good]);
});
