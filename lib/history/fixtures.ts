import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type OwnedDatabase, openDatabase } from "@/lib/db";
import type { Deployment, Step } from "@/lib/deploy/types";

/** For tests only: a migrated database that is made once and copied for each test. */
export const MIGRATIONS = path.resolve("prisma/migrations");

export interface Scratch {
  readonly directory: string;
  /** A fresh copy of the migrated template, opened. */
  owner(): OwnedDatabase;
  remove(): void;
}

export function createScratch(): Scratch {
  const directory = mkdtempSync(path.join(tmpdir(), "attache-history-"));
  const template = path.join(directory, "template.db");
  const made = openDatabase({ file: template, mode: "owner", migrations: MIGRATIONS });
  const problem = made.problem();
  if (problem) throw new Error(JSON.stringify(problem));
  made.close();
  const open: OwnedDatabase[] = [];
  return {
    directory,
    owner() {
      const file = path.join(directory, `${open.length}.db`);
      copyFileSync(template, file);
      const db = openDatabase({ file, mode: "owner", migrations: MIGRATIONS });
      open.push(db);
      return db;
    },
    remove() {
      for (const db of open) db.close();
      rmSync(directory, { recursive: true });
    },
  };
}

/** A finished upgrade of "startpage" from 1.0.0 to 1.1.0; `n` makes the id, and ids sort by it. */
export function aDeployment(n: number, change: Partial<Deployment> = {}): Deployment {
  const at = 1_800_000_000_000 + n;
  return {
    id: n.toString().padStart(26, "0"),
    service: "startpage",
    kind: "upgrade",
    origin: "attache",
    from: {
      label: "1.0.0",
      path: "/srv/startpage/startpage_1.0.0.raw",
      size: 5_000_000_000,
      mtimeMs: 1000,
      sha256: null,
    },
    to: {
      label: "1.1.0",
      path: "/srv/startpage/startpage_1.1.0.raw",
      size: 4096,
      mtimeMs: 1_764_000_000_000.123,
      sha256: "ab".repeat(32),
    },
    profile: "default",
    location: "persistent",
    by: "ada",
    reason: "",
    requestedAt: at,
    startedAt: at + 3000,
    finishedAt: at + 9000,
    startsAt: null,
    trialMs: null,
    batch: null,
    endsAt: null,
    phase: "finished",
    outcome: "succeeded",
    message: { code: "stays-up", params: { version: "1.1.0", tries: 2 } },
    steps: [aStep(1, { name: "wait" }), aStep(2)],
    log: [],
    ...change,
  };
}

export function aStep(seq: number, change: Partial<Step> = {}): Step {
  return {
    seq,
    name: "restart",
    direction: "forward",
    params: { unit: "startpage.service" },
    startedAt: 1_800_000_000_000 + seq,
    durationMs: 12,
    outcome: "done",
    message: null,
    ...change,
  };
}
