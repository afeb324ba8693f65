import type { Database, OwnedDatabase, RehearsalRow } from "@/lib/db";
import type { Message } from "@/lib/errors";
import { parsed } from "@/lib/history/rows";
import type { Rehearsal } from "@/lib/images/types";

const COLUMNS = "path, dev, ino, size, mtimeMs, key, at, verdict, problem";

/** Keeps the newest result for a path. Throws `AppError("database")`. */
export function saveRehearsal(db: OwnedDatabase, rehearsal: Rehearsal): void {
  const { path, stamp, key, at, verdict } = rehearsal;
  db.write((connection) =>
    connection.run(
      `INSERT OR REPLACE INTO Rehearsal (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      path,
      stamp.dev,
      stamp.ino,
      stamp.size,
      stamp.mtimeMs,
      key,
      at,
      verdict,
      rehearsal.verdict === "mounts" ? null : JSON.stringify(rehearsal.problem),
    ),
  );
}

/** Every image that was rehearsed, by path. Throws `AppError("database")`. */
export function allRehearsals(db: Database): Map<string, Rehearsal> {
  const rows = db.read((connection) => connection.all<RehearsalRow>(`SELECT ${COLUMNS} FROM Rehearsal`));
  return new Map(rows.map((row) => [row.path, toRehearsal(row)]));
}

function toRehearsal(row: RehearsalRow): Rehearsal {
  const { path, dev, ino, size, mtimeMs, key, at } = row;
  const same = { path, key, at, stamp: { dev, ino, size, mtimeMs } };
  if (row.verdict === "mounts") return { ...same, verdict: "mounts" };
  const problem = parsed<Message>(row.problem ?? "null");
  return { ...same, verdict: row.verdict === "unchecked" ? "unchecked" : "would-not-start", problem };
}
