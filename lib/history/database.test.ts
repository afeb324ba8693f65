import { type ChildProcessByStdio, spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import Sqlite from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openDatabase } from "@/lib/db";
import { LATEST_MIGRATION } from "@/lib/db-migrate";
import { aDeployment, MIGRATIONS } from "@/lib/history/fixtures";
import { listDeployments } from "@/lib/history/queries";
import { createRecorder } from "@/lib/history/recorder";

let directory: string;
let file: string;
const children: Child[] = [];

beforeEach(() => {
  directory = path.join(mkdtempSync(path.join(tmpdir(), "attache-db-")), "state");
  mkdirSync(directory, { mode: 0o750 });
  chmodSync(path.dirname(directory), 0o755);
  file = path.join(directory, "attache.db");
});
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.kill()));
  rmSync(path.dirname(directory), { recursive: true });
});

const owner = (migrations = MIGRATIONS) => openDatabase({ file, mode: "owner", migrations });
const problemOf = (db: { problem(): { params: object } | null }) => db.problem()?.params ?? null;

describe("the owner", () => {
  it("sets what makes an answered write last, on the connection that writes", () => {
    const db = owner();
    const pragma = (name: string) =>
      db.read((connection) => Object.values(connection.get<object>(`PRAGMA ${name}`) ?? {})[0]);
    expect(["journal_mode", "synchronous", "foreign_keys", "busy_timeout"].map(pragma)).toEqual([
      "wal",
      2,
      1,
      250,
    ]);
    db.close();
  });

  it("gives the files to the group of the directory, and to nobody else", () => {
    if (process.getuid?.() === 0) chownSync(directory, 0, 12_345);
    const db = owner();
    expect(db.problem()).toBeNull();
    db.write((connection) => connection.run("DELETE FROM Step"));
    const rights = () =>
      readdirSync(directory).map((name) => [
        name,
        statSync(path.join(directory, name)).mode & 0o777,
        statSync(path.join(directory, name)).gid,
      ]);
    const { gid } = statSync(directory);
    const expected = ["attache.db", "attache.db-shm", "attache.db-wal"].map((name) => [name, 0o640, gid]);
    expect(rights()).toEqual(expected);
    db.close();
    expect(rights()).toEqual(expected);
  });

  it("goes on when the file is taken away", async () => {
    const db = owner();
    expect(db.problem()).toBeNull();
    for (const name of readdirSync(directory)) rmSync(path.join(directory, name));
    await createRecorder(db, () => {}).save(aDeployment(1));
    expect(listDeployments(db, { limit: 1 }).rows).toHaveLength(1);
    db.close();
  });
});

describe("migrations", () => {
  let own: string;
  const add = (name: string, sql: string) => {
    mkdirSync(path.join(own, name));
    writeFileSync(path.join(own, name, "migration.sql"), sql);
  };
  beforeEach(() => {
    own = path.join(directory, "migrations");
    cpSync(MIGRATIONS, own, { recursive: true });
  });

  it("the newest is the one this program was written for", () => {
    const names = readdirSync(MIGRATIONS, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(
      names
        .map(({ name }) => name)
        .sort()
        .at(-1),
    ).toBe(LATEST_MIGRATION);
  });

  it("one that was edited after it was applied is refused", () => {
    owner(own).problem();
    writeFileSync(path.join(own, LATEST_MIGRATION, "migration.sql"), "-- nothing");
    expect(problemOf(owner(own))).toEqual({ problem: "edited", migration: LATEST_MIGRATION, file });
  });

  it("one that is not known is refused by owner and reader", () => {
    add("29990101000000_future", "CREATE TABLE future (x)");
    expect(problemOf(owner(own))).toMatchObject({ problem: "ahead" });
    expect(problemOf(owner())).toEqual({ problem: "ahead", migration: "29990101000000_future", file });
    expect(problemOf(openDatabase({ file, mode: "reader" }))).toMatchObject({ problem: "ahead" });
  });

  it("one that Prisma's command line left half-applied is refused", () => {
    owner(own).problem();
    const tool = new Sqlite(file);
    tool.exec(
      `UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = '${LATEST_MIGRATION}'`,
    );
    tool.close();
    expect(problemOf(owner(own))).toEqual({ problem: "half-applied", migration: LATEST_MIGRATION, file });
  });

  it("one that fails leaves nothing of itself behind", () => {
    add("20990101000000_fails", "CREATE TABLE half (x); INSERT INTO nowhere VALUES (1);");
    expect(problemOf(owner(own))).toMatchObject({ problem: "failed" });
    const tool = new Sqlite(file, { readonly: true });
    expect(tool.prepare("SELECT name FROM sqlite_master").all()).toEqual([]);
    tool.close();
  });

  it("one that rebuilds a table keeps the rows that refer to it", async () => {
    const db = owner(own);
    await createRecorder(db, () => {}).save(aDeployment(1));
    db.close();
    add(
      "20990101000000_rebuild",
      `PRAGMA foreign_keys=OFF; CREATE TABLE "new" AS SELECT * FROM "Deployment"; DROP TABLE "Deployment";
       ALTER TABLE "new" RENAME TO "Deployment"; CREATE UNIQUE INDEX "again" ON "Deployment"("id"); PRAGMA foreign_keys=ON;`,
    );
    owner(own).problem();
    const tool = new Sqlite(file, { readonly: true });
    expect(tool.prepare("SELECT count(*) AS n FROM Step").get()).toEqual({ n: 2 });
    tool.close();
  });
});

describe("a reader", () => {
  it.each<[string, () => void, string]>([
    ["there is no directory", () => rmSync(directory, { recursive: true }), "missing"],
    ["there is no file", () => {}, "missing"],
    ["the file is empty", () => writeFileSync(file, ""), "behind"],
    ["the file is something else", () => writeFileSync(file, "something else. ".repeat(500)), "corrupt"],
  ])("says so when %s, and sees the database when it appears", (_name, prepare, problem) => {
    prepare();
    const reader = openDatabase({ file, mode: "reader" });
    expect(problemOf(reader)).toMatchObject({ problem, file });
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { mode: 0o750 });
    const db = owner();
    expect([db.problem(), reader.problem()]).toEqual([null, null]);
    for (const one of [reader, db]) one.close();
  });

  it("cannot write", () => {
    owner().problem();
    const reader = openDatabase({ file, mode: "reader" });
    expect(() => reader.read((connection) => connection.all("DELETE FROM Deployment RETURNING id"))).toThrow(
      /database/,
    );
  });
});

/** Root gives the reader another uid; anyone else takes the right to write from the files and the directory instead. */
describe("a reader without any right to write", () => {
  const isRoot = process.getuid?.() === 0;
  const UID = 54_321;
  const GID = 12_345;
  beforeEach(() => {
    if (isRoot) chownSync(directory, 0, GID);
  });
  const close = () => {
    if (isRoot) return;
    for (const name of readdirSync(directory)) chmodSync(path.join(directory, name), 0o440);
    chmodSync(directory, 0o550);
  };
  const open = () => {
    if (isRoot) return;
    chmodSync(directory, 0o750);
    for (const name of readdirSync(directory)) chmodSync(path.join(directory, name), 0o640);
  };
  const startReader = () => start("reader", file, String(UID), String(GID));
  const record = async (n: number) => {
    const db = owner();
    await createRecorder(db, () => {}).save(aDeployment(n));
    return db;
  };

  it("reads while the owner is alive, after it was killed in the middle of writing, and goes on with the next owner", async () => {
    const first = start("owner", file, MIGRATIONS);
    for (let n = 1; n <= 20; n++) expect(await first.line()).toBe(n);
    const early = startReader();
    expect(await early.line()).toBeGreaterThanOrEqual(20);
    await first.kill();
    const last = first.seen();

    close();
    const late = startReader();
    expect([await early.ask(), await late.line()]).toEqual([
      expect.toSatisfy((n) => n >= last),
      expect.toSatisfy((n) => n >= last),
    ]);
    open();

    const db = await record(9999);
    expect(listDeployments(db, { limit: 200 }).rows.length).toBeGreaterThanOrEqual(Math.min(200, last + 1));
    expect([await early.ask(), await late.ask()]).toEqual([9999, 9999]);
    const tool = new Sqlite(file);
    tool.pragma("wal_checkpoint(TRUNCATE)");
    tool.close();
    await createRecorder(db, () => {}).save(aDeployment(10_000));
    expect([await early.ask(), await late.ask()]).toEqual([10_000, 10_000]);
    db.close();
  });

  it("reads after the owner has closed the database", async () => {
    (await record(7)).close();
    close();
    const reader = startReader();
    expect(await reader.line()).toBe(7);
    open();
    const db = await record(8);
    expect(await reader.ask()).toBe(8);
    db.close();
  });

  it("waits for a database that is not there yet", async () => {
    const reader = startReader();
    expect(await reader.line()).toBe("missing");
    const db = await record(3);
    expect(await reader.ask()).toBe(3);
    expect(existsSync(`${file}-wal`)).toBe(true);
    db.close();
  });
});

interface Child {
  /** The next line it prints. */
  line(): Promise<unknown>;
  ask(): Promise<unknown>;
  /** The newest number it has printed. */
  seen(): number;
  /** By SIGKILL. */
  kill(): Promise<void>;
}

function start(...args: string[]): Child {
  const program = path.join(import.meta.dirname, "database.fixture.ts");
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(
    process.execPath,
    ["--import", "tsx", program, ...args],
    {
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let seen = 0;
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => {
    seen = Math.max(seen, Number(line) || 0);
  });
  const iterator = lines[Symbol.asyncIterator]();
  const line = async (): Promise<unknown> => JSON.parse(String((await iterator.next()).value));
  const self: Child = {
    line,
    ask() {
      child.stdin.write("look\n");
      return line();
    },
    seen: () => seen,
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
  children.push(self);
  return self;
}
