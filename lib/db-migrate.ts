import { createHash, randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type Sqlite from "better-sqlite3";
import { AppError } from "@/lib/errors";

/** The schema this program was written for: the newest folder of `prisma/migrations`. */
export const LATEST_MIGRATION = "20261124050000_outside";

/** Prisma's own table, so that `prisma migrate status` understands what was done here. */
const BOOKKEEPING = `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "checksum" TEXT NOT NULL,
  "finished_at" DATETIME,
  "migration_name" TEXT NOT NULL,
  "logs" TEXT,
  "rolled_back_at" DATETIME,
  "started_at" DATETIME NOT NULL DEFAULT current_timestamp,
  "applied_steps_count" INTEGER UNSIGNED NOT NULL DEFAULT 0
)`;

interface Applied {
  readonly name: string;
  readonly checksum: string;
  readonly finishedAt: string | null;
}

interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

/**
 * Applies what is missing of `directory` in one transaction and returns the
 * names. Throws `AppError("database", { problem })`: `edited` (a migration was
 * changed after it was applied), `ahead` (one is not known here), `half-applied`
 * (Prisma's command line failed in the middle of one) or `broken-keys`.
 *
 * Prisma rebuilds tables and relies on foreign keys being off, or the rebuild
 * would delete every child row; SQLite ignores that PRAGMA inside a
 * transaction (sqlite.org/pragma.html#pragma_foreign_keys), so it is set before.
 */
export function applyMigrations(database: Sqlite.Database, directory: string): string[] {
  const migrations = readMigrations(directory);
  database.pragma("foreign_keys = OFF");
  const apply = database.transaction(() => {
    database.exec(BOOKKEEPING);
    const applied = new Map(readApplied(database).map((one) => [one.name, one]));
    const unknown = [...applied.keys()].find((name) => !migrations.some((one) => one.name === name));
    if (unknown) throw new AppError("database", { problem: "ahead", migration: unknown });
    const missing = migrations.filter((migration) => !isApplied(migration, applied.get(migration.name)));
    for (const migration of missing) applyOne(database, migration);
    const broken = database.pragma("foreign_key_check");
    if (Array.isArray(broken) && broken.length > 0)
      throw new AppError("database", { problem: "broken-keys", rows: broken.length });
    return missing.map((migration) => migration.name);
  });
  return apply.immediate();
}

/** Throws `AppError("database")` unless the schema is the one of this program: `behind` or `ahead`. */
export function assertSchema(database: Sqlite.Database): void {
  const hasTable = database.prepare("SELECT 1 FROM sqlite_master WHERE name = '_prisma_migrations'").get();
  const names = hasTable
    ? readApplied(database)
        .filter((one) => one.finishedAt !== null)
        .map((one) => one.name)
    : [];
  const newer = names.find((name) => name > LATEST_MIGRATION);
  if (newer) throw new AppError("database", { problem: "ahead", migration: newer });
  if (!names.includes(LATEST_MIGRATION))
    throw new AppError("database", { problem: "behind", migration: LATEST_MIGRATION });
}

function readMigrations(directory: string): Migration[] {
  const names = readdirSync(directory).filter((name) =>
    existsSync(path.join(directory, name, "migration.sql")),
  );
  return names.sort().map((name) => {
    const sql = readFileSync(path.join(directory, name, "migration.sql"), "utf8");
    return { name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
  });
}

function readApplied(database: Sqlite.Database): Applied[] {
  return database
    .prepare<[], Applied>(
      `SELECT migration_name AS name, checksum, finished_at AS finishedAt
       FROM "_prisma_migrations" WHERE rolled_back_at IS NULL ORDER BY migration_name`,
    )
    .all();
}

function isApplied(migration: Migration, applied: Applied | undefined): boolean {
  if (!applied) return false;
  if (applied.finishedAt === null)
    throw new AppError("database", { problem: "half-applied", migration: migration.name });
  if (applied.checksum !== migration.checksum)
    throw new AppError("database", { problem: "edited", migration: migration.name });
  return true;
}

function applyOne(database: Sqlite.Database, { name, sql, checksum }: Migration): void {
  const startedAt = new Date().toISOString();
  database.exec(sql);
  database
    .prepare(
      `INSERT INTO "_prisma_migrations" (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       VALUES (?, ?, ?, ?, ?, 1)`,
    )
    .run(randomUUID(), checksum, name, startedAt, new Date().toISOString());
}
