import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { OwnedDatabase } from "@/lib/db";
import type { Deployment } from "@/lib/deploy/types";
import { aDeployment, createScratch, type Scratch } from "@/lib/history/fixtures";
import { listMarks, standing } from "@/lib/history/marks";
import { createRecorder } from "@/lib/history/recorder";
import { ranBefore, ranBeforeByService } from "@/lib/history/versions";

let scratch: Scratch;
beforeAll(() => {
  scratch = createScratch();
});
afterAll(() => scratch.remove());

const version = (label: string | null) =>
  label === null ? null : { label, path: `/srv/x/x_${label}.raw`, size: 1, mtimeMs: 1, sha256: null };
const fell = { outcome: "reverted", message: { code: "unit-failed", params: {} } } as const;
type Change = readonly [from: string | null, to: string | null, change?: Partial<Deployment>];

async function record(changes: readonly Change[]): Promise<OwnedDatabase> {
  const db = scratch.owner();
  const recorder = createRecorder(db, (error) => {
    throw error;
  });
  const saved = changes.map(([from, to, change], at) =>
    recorder.save(aDeployment(at + 1, { from: version(from), to: version(to), ...change })),
  );
  await Promise.all(saved);
  await recorder.save(aDeployment(99, { service: "other", from: null, to: version("7"), ...fell }));
  return db;
}

/** Labels whose mark stands. */
const marked = (db: OwnedDatabase, service: string | null, of = service) =>
  (standing(listMarks(db, service)).get(of ?? "") ?? []).map(({ label }) => label);

describe.each<[string, readonly Change[], string[], string[]]>([
  ["nothing yet", [], [], []],
  ["a first attach", [[null, "1", { kind: "attach" }]], ["1"], []],
  [
    "up and back",
    [
      ["1", "2"],
      ["2", "1", { kind: "rollback" }],
    ],
    ["1", "2"],
    [],
  ],
  ["a version that fell", [["1", "2", fell]], ["1"], ["2"]],
  [
    "a version that fell and then held",
    [
      ["1", "2", fell],
      ["1", "2"],
    ],
    ["2", "1"],
    [],
  ],
  [
    "a version that held and then fell",
    [
      ["1", "2"],
      ["2", "1"],
      ["1", "2", fell],
    ],
    ["1", "2"],
    ["2"],
  ],
  [
    "sent back after a fall",
    [
      ["1", "2", fell],
      ["1", "2", { outcome: "reverted", message: { code: "sent-back", params: {} } }],
    ],
    ["1"],
    ["2"],
  ],
  [
    "failed its probe",
    [["1", "2", { ...fell, message: { code: "probe-failed", params: {} } }]],
    ["1"],
    ["2"],
  ],
  [
    "a version that fell, and of which nobody can tell now",
    [
      ["1", "2", fell],
      ["1", "2", { message: { code: "probe-undecided", params: {} } }],
    ],
    ["1"],
    ["2"],
  ],
  ["refused", [["1", "2", { outcome: "refused" }]], ["1"], []],
  ["detached", [["1", null, { kind: "detach" }]], ["1"], []],
  ["restarted", [["1", "1", { kind: "restart" }]], ["1"], []],
  ["an empty label", [["", "1"]], ["1", ""], []],
])("%s", (_name, changes, ran, failed) => {
  it("is remembered for one service and for all", async () => {
    const db = await record(changes);
    expect(ranBefore(db, "startpage")).toEqual(ran);
    expect(ranBeforeByService(db).get("startpage") ?? []).toEqual(ran);
    expect(marked(db, "startpage")).toEqual(failed);
    expect(marked(db, null, "startpage")).toEqual(failed);
    expect(marked(db, "other")).toEqual(["7"]);
  });
});
