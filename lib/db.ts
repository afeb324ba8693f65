import { chmodSync, chownSync, closeSync, existsSync, openSync, type Stats, statSync } from "node:fs";
import path from "node:path";
import Sqlite from "better-sqlite3";
import { applyMigrations, assertSchema } from "@/lib/db-migrate";
import { databaseError } from "@/lib/db-problem";
import { AppError, type Message } from "@/lib/errors";
import type * as Prisma from "@/lib/generated/prisma/client";

/*
 * The schema and its migrations are Prisma's, and the types of the rows are the
 * ones it generates; statements go through better-sqlite3. Prisma's client at
 * run time costs 24 MB at the first query and 45 MB after a hundred, which
 * neither the engine nor the web server has to spare.
 */

/** Rows as better-sqlite3 hands them out: an INTEGER is a number, and every one of ours is below 2^53. */
type Row<M> = { readonly [K in keyof M]: bigint extends M[K] ? number | Extract<M[K], null> : M[K] };
export type DeploymentRow = Row<Prisma.Deployment>;
export type StepRow = Row<Prisma.Step>;
export type InspectionRow = Row<Prisma.Inspection>;
export type RehearsalRow = Row<Prisma.Rehearsal>;
export type HealthCheckRow = Row<Prisma.HealthCheck>;
export type MarkRow = Row<Prisma.Mark>;
export type FreezeRow = Row<Prisma.Freeze>;
export type DeployedRow = Row<Prisma.Deployed>;

export type Value = string | number | null;

export interface Reading {
  all<R>(sql: string, ...values: Value[]): R[];
  get<R>(sql: string, ...values: Value[]): R | undefined;
}

export interface Writing extends Reading {
  /** Returns the number of rows that changed. */
  run(sql: string, ...values: Value[]): number;
}

/**
 * A database file that may be away. The connection is made at first use and
 * again whenever the file was replaced or has failed, so that one value lasts
 * as long as the process. Everything throws `AppError("database", { problem,
 * file })`; `problem` is `missing`, `unreadable`, `corrupt`, `busy`, `full`,
 * `failed`, or one of those in `db-migrate`.
 */
export interface Database {
  readonly file: string;
  /** Runs `work` on one consistent state. */
  read<T>(work: (connection: Reading) => T): T;
  /** Tries the connection: `null` when the database can be used. */
  problem(): Message | null;
  close(): void;
}

export interface OwnedDatabase extends Database {
  /** Runs `work` in a transaction; when this returns, it is on disk. */
  write<T>(work: (connection: Writing) => T): T;
}

export interface ReaderOptions {
  readonly file: string;
  readonly mode: "reader";
}

export interface OwnerOptions {
  readonly file: string;
  readonly mode: "owner";
  /** Folder of the migrations to apply. */
  readonly migrations: string;
  /** Where better-sqlite3's addon lies, for a bundle that has no `node_modules`. */
  readonly nativeBinding?: string;
}

/** Waiting for a lock holds up the whole process, and only a person with a tool of their own ever holds one for long. */
const BUSY_MS = 250;
const MODE = 0o640;

/**
 * Opens the database. There is one owner, the engine: it creates the file
 * (0640, group of its directory), applies migrations and writes. A reader needs
 * no more than the permission to read, and works whether or not an owner lives.
 *
 * SQLite removes the `-wal` and `-shm` files when the last connection closes,
 * and without them a reader that may not write into the directory cannot open
 * the database. So an owner either calls `close()`, which leaves empty ones
 * behind, or ends by `process.exit()` or a signal, which leaves them alone.
 */
export function openDatabase(options: OwnerOptions): OwnedDatabase;
export function openDatabase(options: ReaderOptions): Database;
export function openDatabase(options: OwnerOptions | ReaderOptions): OwnedDatabase {
  const { file } = options;
  let link: Link | null = null;

  const drop = () => {
    link?.sqlite.close();
    link = null;
  };
  const connect = (): Link => {
    if (link && !isSameFile(file, link.stats)) drop();
    link ??= options.mode === "owner" ? connectOwner(options) : connectReader(file);
    return link;
  };
  /** After its owner was killed in the middle of a write, only a fresh connection of a reader can see past that. */
  const use = <T>(work: (open: Link) => T, triesLeft = options.mode === "reader" ? 1 : 0): T => {
    try {
      return work(connect());
    } catch (error) {
      const code = error instanceof Sqlite.SqliteError ? error.code : "";
      if (/^SQLITE_(CORRUPT|NOTADB|IOERR|READONLY|CANTOPEN)/.test(code)) drop();
      if (triesLeft > 0 && code.startsWith("SQLITE_READONLY")) return use(work, triesLeft - 1);
      throw databaseError(error, file);
    }
  };

  return {
    file,
    read: (work) => use((open) => open.sqlite.transaction(() => work(open)).deferred()),
    write: (work) => use((open) => open.sqlite.transaction(() => work(open)).immediate()),
    problem() {
      try {
        use((open) => assertSchema(open.sqlite));
        return null;
      } catch (error) {
        if (error instanceof AppError) return { code: error.code, params: error.params };
        throw error;
      }
    },
    close() {
      drop();
      if (options.mode === "owner" && existsSync(file))
        for (const suffix of ["-wal", "-shm"]) createFile(file + suffix);
    },
  };
}

/** The default of better-sqlite3 is 16 MB, which a process grows by with each row. Who writes looks at the newest rows only. */
const OWNER_CACHE_KIB = 512;
const READER_CACHE_KIB = 2000;

interface Link extends Writing {
  readonly sqlite: Sqlite.Database;
  readonly stats: Stats;
}

function connectOwner({ file, migrations, nativeBinding }: OwnerOptions): Link {
  createFile(file);
  const sqlite = new Sqlite(file, { timeout: BUSY_MS, ...(nativeBinding ? { nativeBinding } : {}) });
  try {
    // WAL first: the migrations are written under it. better-sqlite3 itself would sync less under WAL (NORMAL).
    setPragma(sqlite, "journal_mode", "wal");
    setPragma(sqlite, "synchronous", 2); // FULL: what was answered survives a power cut
    applyMigrations(sqlite, migrations);
    setPragma(sqlite, "foreign_keys", 1);
    setPragma(sqlite, "busy_timeout", BUSY_MS);
    setPragma(sqlite, "cache_size", -OWNER_CACHE_KIB);
    assertSchema(sqlite);
    return linkOf(file, sqlite);
  } catch (error) {
    sqlite.close();
    throw error;
  }
}

function connectReader(file: string): Link {
  const sqlite = new Sqlite(file, { readonly: true, fileMustExist: true, timeout: BUSY_MS });
  try {
    setPragma(sqlite, "cache_size", -READER_CACHE_KIB);
    assertSchema(sqlite);
    return linkOf(file, sqlite);
  } catch (error) {
    sqlite.close();
    throw error;
  }
}

/** Sets a PRAGMA of this very connection and makes sure that it took: SQLite ignores what it cannot do. */
function setPragma(sqlite: Sqlite.Database, name: string, value: string | number): void {
  sqlite.pragma(`${name} = ${value}`);
  const found = sqlite.pragma(name, { simple: true });
  if (found !== value) throw new AppError("database", { problem: "pragma", name, value: String(found) });
}

/**
 * The rows are what the statement asks for, which the type system cannot see:
 * every statement of ours is run by a test against the real schema.
 */
function linkOf(file: string, sqlite: Sqlite.Database): Link {
  const prepared = new Map<string, Sqlite.Statement<Value[]>>();
  const prepare = (sql: string) => {
    const statement = prepared.get(sql) ?? sqlite.prepare<Value[]>(sql);
    prepared.set(sql, statement);
    return statement;
  };
  return {
    sqlite,
    stats: statSync(file),
    all: <R>(sql: string, ...values: Value[]) => prepare(sql).all(...values) as R[],
    get: <R>(sql: string, ...values: Value[]) => prepare(sql).get(...values) as R | undefined,
    run: (sql, ...values) => prepare(sql).run(...values).changes,
  };
}

/** Only a new file is opened here: closing one that is in use would give up SQLite's locks on it (POSIX). */
function createFile(file: string): void {
  if (!existsSync(file)) closeSync(openSync(file, "ax", MODE));
  const { mode, gid } = statSync(file);
  const group = statSync(path.dirname(file)).gid;
  if ((mode & 0o777) !== MODE) chmodSync(file, MODE);
  if (gid !== group) chownSync(file, statSync(file).uid, group);
}

function isSameFile(file: string, before: Stats): boolean {
  const now = statSync(file, { throwIfNoEntry: false });
  return now !== undefined && now.ino === before.ino && now.dev === before.dev;
}
