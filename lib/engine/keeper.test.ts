import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { openDatabase } from "@/lib/db";
import { BLANK } from "@/lib/deploy/run.fixture";
import { createKeeper } from "@/lib/engine/keeper";

let top = "";
beforeEach(() => {
  top = mkdtempSync(path.join(tmpdir(), "attache-keeper-"));
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(top, { recursive: true, force: true });
});

it("bug: a database that cannot be read told of nothing deployed", () => {
  const file = path.join(top, "state/attache.db");
  const migrations = path.resolve(__dirname, "../../prisma/migrations");
  const db = openDatabase({ file, mode: "owner", migrations });
  const keeper = createKeeper(db);
  expect(keeper.deployed()).toBe(null);
  mkdirSync(path.dirname(file));
  expect(keeper.deployed()).toEqual(new Map());
  db.close();
});

it("bug: a switch that was under way was read back as one that waits", async () => {
  const migrations = path.resolve(__dirname, "../../prisma/migrations");
  const db = openDatabase({ file: path.join(top, "attache.db"), mode: "owner", migrations });
  const keeper = createKeeper(db);
  const step = {
    seq: 1,
    name: "check",
    direction: "forward",
    params: {},
    startedAt: 0,
    message: null,
  } as const;
  const done = { ...step, durationMs: 1, outcome: "done" as const };
  const running = {
    ...step,
    seq: 2,
    name: "rehearse" as const,
    durationMs: null,
    outcome: "running" as const,
  };
  await keeper.save({ ...BLANK, steps: [done, running] });
  const switching = { ...BLANK, phase: "switching" as const, startedAt: 5, steps: [done] };
  expect(keeper.newest(switching)).toEqual(switching);
  const later = { ...switching, steps: [done, { ...running, outcome: "done" as const, durationMs: 1 }] };
  await keeper.save(later);
  expect(keeper.newest(switching)).toEqual(later);
  db.close();
});
