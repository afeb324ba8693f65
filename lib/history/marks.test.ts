import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import Sqlite from "better-sqlite3";
import { expect, it } from "vitest";
import { openDatabase } from "@/lib/db";
import { aDeployment, createScratch, MIGRATIONS } from "@/lib/history/fixtures";
import { listMarks } from "@/lib/history/marks";
import { createRecorder } from "@/lib/history/recorder";

it("the migration marks what the record of before says did not stay up when it was last tried", async () => {
  const directory = mkdtempSync(path.join(tmpdir(), "attache-marks-"));
  const file = path.join(directory, "attache.db");
  const owner = () => openDatabase({ file, mode: "owner", migrations: MIGRATIONS });
  const fell = { outcome: "reverted", message: { code: "unit-failed", params: {} } } as const;
  const version = (label: string) => ({ label, path: `/srv/${label}`, size: 1, mtimeMs: 1, sha256: null });
  const before = owner();
  const recorder = createRecorder(before, (error) => {
    throw error;
  });
  await recorder.save(aDeployment(1, { to: version("fell"), ...fell }));
  await recorder.save(aDeployment(2, { to: version("fell, then held"), ...fell }));
  await recorder.save(aDeployment(3, { to: version("fell, then held") }));
  before.close();
  const tool = new Sqlite(file);
  tool.exec(
    "DROP TABLE HealthCheck; DROP TABLE Mark; DROP TABLE Freeze; DELETE FROM _prisma_migrations WHERE migration_name LIKE '%_health'",
  );
  tool.close();

  const after = owner();
  expect(listMarks(after, null)).toMatchObject([
    { service: "startpage", label: "fell", deploymentId: aDeployment(1).id, by: "ada", lifted: null },
  ]);
  after.close();
  rmSync(directory, { recursive: true });
});

it("a mark tells how it ended", async () => {
  const scratch = createScratch();
  const db = scratch.owner();
  const recorder = createRecorder(db, (error) => {
    throw error;
  });
  const fell = { outcome: "reverted", message: { code: "unit-failed", params: {} } } as const;
  await recorder.save(aDeployment(1, fell));
  await recorder.save(aDeployment(2, { by: "bob" }));
  expect(listMarks(db, "startpage")).toMatchObject([
    { label: "1.1.0", by: "ada", lifted: { by: "bob", reason: "", deploymentId: aDeployment(2).id } },
  ]);
  scratch.remove();
});
