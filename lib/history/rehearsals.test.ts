import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { openDatabase } from "@/lib/db";
import { allRehearsals, saveRehearsal } from "@/lib/history/rehearsals";
import type { Rehearsal } from "@/lib/images/types";

const directory = mkdtempSync(path.join(tmpdir(), "attache-rehearsals-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

it("keeps the last rehearsal of each image", () => {
  const db = openDatabase({
    file: path.join(directory, "attache.db"),
    mode: "owner",
    migrations: path.resolve("prisma/migrations"),
  });
  const about = { stamp: { dev: 1, ino: 2, size: 3, mtimeMs: 4.5 }, key: "k", at: 5 };
  const bad: Rehearsal = {
    ...about,
    path: "/a",
    verdict: "would-not-start",
    problem: { code: "host-lacks-path", params: { path: "/x" } },
  };
  const good: Rehearsal = { ...about, path: "/a", at: 6, verdict: "mounts" };
  const unclear: Rehearsal = {
    ...about,
    path: "/b",
    verdict: "unchecked",
    problem: { code: "directory-image", params: {} },
  };
  for (const one of [bad, unclear]) saveRehearsal(db, one);
  expect(allRehearsals(db).get("/a")).toEqual(bad);
  saveRehearsal(db, good);
  expect([...allRehearsals(db).values()]).toEqual(expect.arrayContaining([good, unclear]));
  db.close();
});
