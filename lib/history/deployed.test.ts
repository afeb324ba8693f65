import { afterAll, beforeAll, expect, it } from "vitest";
import type { AttachedState, Drift } from "@/lib/drift/types";
import { allDeployed, allDrifts, driftOf, saveDeployed } from "@/lib/history/deployed";
import { createScratch, type Scratch } from "@/lib/history/fixtures";

let scratch: Scratch;
beforeAll(() => {
  scratch = createScratch();
});
afterAll(() => scratch.remove());

const { files, ...deployed }: AttachedState = {
  path: "/srv/web/web_1.0.raw",
  extensions: ["/srv/x.raw"],
  profile: null,
  location: "runtime",
  units: ["web.service"],
  attachedAt: 1_800_000_000_000.25,
  image: { stamp: { dev: 1, ino: 2, size: 5_000_000_000, mtimeMs: 0.5 }, isDirectory: false },
  files: { "web.service": { digest: "d", text: "\u001b[31m'; DROP TABLE Deployed; --" } },
};
const seen = { ...deployed, files };
const drift: Drift = {
  at: 7,
  deployed,
  differences: [{ code: "unit-edited", params: { file: "web.service", diff: "+a" } }],
};

it("what is known of services comes back as it was saved, the newest of each", () => {
  const db = scratch.owner();
  const records = new Map([
    ["web", { at: 7, drift, deployed, seen }],
    ["blog", { at: 8, drift: null, deployed: null, seen: null }],
  ]);
  saveDeployed(db, records);
  expect(allDeployed(db)).toEqual(records);
  expect(allDrifts(db)).toEqual(new Map([["web", drift]]));
  expect(driftOf(db, "web")).toEqual(drift);
  expect(driftOf(db, "blog")).toBeNull();

  saveDeployed(db, new Map([["web", { at: 9, drift: null, deployed, seen }]]));
  expect(driftOf(db, "web")).toBeNull();
  expect(allDeployed(db).get("blog")).toEqual(records.get("blog"));
});
