import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { openDatabase } from "@/lib/db";
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
