import { existsSync, mkdtempSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import Sqlite from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "@/lib/db";
import type { Deployment } from "@/lib/deploy/types";
import { aDeployment, aStep, createScratch, MIGRATIONS, type Scratch } from "@/lib/history/fixtures";
import { getDeployment } from "@/lib/history/queries";
import { createRecorder } from "@/lib/history/recorder";
import { toRow, toStepRow } from "@/lib/history/rows";

let scratch: Scratch;
beforeAll(() => {
  scratch = createScratch();
});
afterAll(() => scratch.remove());

const FROM = { label: "1", path: "/srv/x_1.raw", size: 1, mtimeMs: 1, sha256: null };
const layer = (stem: string, label: string) => ({
  stem,
  label,
  path: `/opt/${stem}_${label}.raw`,
  size: 1,
  mtimeMs: 1,
});

const setUp = () => {
  const db = scratch.owner();
  const errors: unknown[] = [];
  return { db, errors, recorder: createRecorder(db, (error) => errors.push(error)) };
};

describe("a deployment comes back as it was saved", () => {
  const hostile = "\u001b[31m\u202e<script>'; DROP TABLE Deployment; --\0 😀";
  it.each<[string, Partial<Deployment>]>([
    ["whole", {}],
    [
      "just asked for",
      {
        phase: "waiting",
        startsAt: 5,
        startedAt: null,
        finishedAt: null,
        outcome: null,
        message: null,
        steps: [],
      },
    ],
    ["a first attach", { kind: "attach", from: null, location: "runtime" }],
    ["a detach", { kind: "detach", to: null, profile: null, location: null }],
    [
      "a version without a label",
      { to: { label: "", path: "/srv/x/x.raw", size: 0, mtimeMs: 0, sha256: null } },
    ],
    [
      "layers of either end",
      {
        from: { ...FROM, layers: [layer("fonts", "1"), layer("themes", "1")] },
        to: { ...FROM, layers: [layer("fonts", "1"), layer("themes", "2")] },
      },
    ],
    [
      "hostile text",
      { reason: hostile, by: hostile, log: [{ at: 1, priority: 3, unit: hostile, text: hostile }] },
    ],
    [
      "a way back",
      {
        outcome: "reverted",
        steps: [
          aStep(1, {
            outcome: "failed",
            message: { code: "unit-failed", params: { unit: "a.service", status: 1 } },
          }),
          aStep(2, { direction: "back", outcome: "running", durationMs: null, params: {} }),
        ],
      },
    ],
  ])("%s", async (_name, change) => {
    const { db, recorder, errors } = setUp();
    const deployment = aDeployment(1, change);
    await recorder.save(deployment);
    expect(getDeployment(db, deployment.id)).toEqual(deployment);
    expect(errors).toEqual([]);
  });

  it("every column of the schema is written", () => {
    const { db } = setUp();
    const columns = (table: string) =>
      db.read((c) =>
        c
          .all<{ name: string }>(`PRAGMA table_info("${table}")`)
          .map(({ name }) => name)
          .sort(),
      );
    expect(Object.keys(toRow(aDeployment(1))).sort()).toEqual(columns("Deployment"));
    expect(Object.keys(toStepRow("1", aStep(1))).sort()).toEqual(columns("Step"));
  });
});

it("states saved in a row are merged, and the newest is on disk when any of them is answered", async () => {
  const { db, recorder } = setUp();
  const states = Array.from({ length: 40 }, (_, n) =>
    aDeployment(1, { phase: "switching", outcome: null, steps: [aStep(1, { durationMs: n })] }),
  );
  await Promise.all([...states, aDeployment(2)].map((state) => recorder.save(state)));
  expect([
    getDeployment(db, states[0]?.id ?? "")?.steps[0]?.durationMs,
    getDeployment(db, aDeployment(2).id)?.service,
  ]).toEqual([39, "startpage"]);
});

it("steps beyond the last are dropped when a deployment goes on from an older intent file", async () => {
  const { db, recorder } = setUp();
  await recorder.save(aDeployment(1, { steps: [1, 2, 3].map((seq) => aStep(seq)) }));
  await recorder.save(aDeployment(1, { steps: [aStep(1)] }));
  expect(getDeployment(db, aDeployment(1).id)?.steps).toHaveLength(1);
});

it("a digest that was added is kept by a later save without one", async () => {
  const { db, recorder } = setUp();
  await recorder.save(aDeployment(1));
  await recorder.setDigest(aDeployment(1).id, "from", "cd".repeat(32));
  await recorder.save(aDeployment(1));
  expect(getDeployment(db, aDeployment(1).id)?.from?.sha256).toBe("cd".repeat(32));
});

it("a reason can be added to any deployment on record, and to no other", async () => {
  const { db, recorder } = setUp();
  await recorder.save(aDeployment(1));
  await recorder.setReason(aDeployment(1).id, "ticket 12");
  expect(getDeployment(db, aDeployment(1).id)?.reason).toBe("ticket 12");
  await expect(recorder.setReason(aDeployment(2).id, "x")).rejects.toMatchObject({ code: "not-found" });
});

it("finds what has no end on record, oldest first", async () => {
  const { recorder } = setUp();
  const open = (n: number, phase: Deployment["phase"]) =>
    aDeployment(n, { phase, outcome: null, finishedAt: null });
  for (const one of [open(3, "settling"), open(2, "waiting"), aDeployment(1)]) await recorder.save(one);
  expect(recorder.unfinished()).toEqual([open(2, "waiting"), open(3, "settling")]);
});

describe("a database that fails never stops a deployment", () => {
  const cases: [string, string, (file: string) => () => void][] = [
    ["overwritten", "corrupt", overwrite],
    ["locked by a tool", "busy", lock],
  ];
  it.each(cases)(
    "%s: the save is answered, the error reported, and a later save brings the newest state",
    async (_name, problem, breakIt) => {
      const { db, recorder, errors } = setUp();
      await recorder.save(aDeployment(9));
      const mend = breakIt(db.file);
      await recorder.save(aDeployment(1, { phase: "settling", outcome: null }));
      await recorder.save(aDeployment(1, { reason: "first words" }));
      await recorder.setReason(aDeployment(1).id, "better words");
      expect(errors.length).toBeGreaterThan(0);
      for (const error of errors)
        expect(error).toMatchObject({ code: "database", params: { problem, file: db.file } });
      mend();
      await recorder.save(aDeployment(2));
      expect(getDeployment(db, aDeployment(1).id)).toEqual(aDeployment(1, { reason: "better words" }));
      expect(getDeployment(db, aDeployment(9).id)).toEqual(aDeployment(9));
    },
  );

  it("a reason that cannot be written is told to whoever asked", async () => {
    const file = path.join(scratch.directory, "missing/attache.db");
    const recorder = createRecorder(openDatabase({ file, mode: "owner", migrations: MIGRATIONS }), () => {});
    const refusal = { code: "database", params: { problem: "missing", file } };
    await expect(recorder.setReason(aDeployment(1).id, "x")).rejects.toMatchObject(refusal);
  });
});

/** Puts something else in the file's place; what was there comes back with its name. */
function overwrite(file: string): () => void {
  const aside = mkdtempSync(`${file}-aside-`);
  const parts = ["", "-wal", "-shm"].filter((suffix) => existsSync(file + suffix));
  for (const suffix of parts) renameSync(file + suffix, path.join(aside, `db${suffix}`));
  writeFileSync(file, "no database, whatever the name says. ".repeat(200));
  return () => {
    for (const suffix of parts) renameSync(path.join(aside, `db${suffix}`), file + suffix);
  };
}

function lock(file: string): () => void {
  const tool = new Sqlite(file);
  tool.exec("BEGIN IMMEDIATE");
  return () => tool.close();
}
