import type { Database, FreezeRow, MarkRow, OwnedDatabase, Reading, Writing } from "@/lib/db";
import type { Deployment } from "@/lib/deploy/types";
import type { Freeze, Lifted, Mark } from "@/lib/history/types";
import { verdictOf } from "@/lib/history/verdict";

/** Marks and freezes of one service or of all (`null`), lifted ones too, oldest first. Throws `AppError("database")`. */
export function listMarks(db: Database, service: string | null): Mark[] {
  return db.read((connection) => rowsOf<MarkRow>(connection, "Mark", service)).map(toMark);
}

export function listFreezes(db: Database, service: string | null): Freeze[] {
  return db.read((connection) => rowsOf<FreezeRow>(connection, "Freeze", service)).map(toFreeze);
}

/** Those that nobody has lifted, by service. */
export function standing<T extends Mark | Freeze>(all: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) if (!one.lifted) groups.set(one.service, [...(groups.get(one.service) ?? []), one]);
  return groups;
}

/** Throws `AppError("database")`. */
export function saveMark(db: OwnedDatabase, mark: Mark): void {
  db.write((connection) => insertMark(connection, mark));
}

export function saveFreeze(db: OwnedDatabase, { id, service, by, at, reason, until }: Freeze): void {
  db.write((connection) =>
    connection.run(
      "INSERT INTO Freeze (id, service, by, at, reason, until) VALUES (?, ?, ?, ?, ?, ?)",
      id,
      service,
      by,
      at,
      reason,
      until,
    ),
  );
}

/** Ends marks or freezes, by id. Throws `AppError("database")`. */
export function lift(
  db: OwnedDatabase,
  table: "Mark" | "Freeze",
  ids: readonly string[],
  { by, at, reason }: Lifted,
): void {
  db.write((connection) => {
    for (const id of ids)
      connection.run(
        `UPDATE ${table} SET liftedAt = ?, liftedBy = ?, liftReason = ? WHERE id = ? AND liftedAt IS NULL`,
        at,
        by,
        reason,
        id,
      );
  });
}

/**
 * What a deployment's end does to the marks of its version: one that did not
 * stay up leaves a mark, one that did lifts those from before it. Said twice of
 * one deployment, it changes nothing the second time.
 */
export function markByVerdict(connection: Writing, deployment: Deployment): void {
  const { id, service, to, by, finishedAt, requestedAt } = deployment;
  const verdict = verdictOf(deployment);
  if (verdict === null || to === null) return;
  const at = finishedAt ?? requestedAt;
  if (verdict === "up")
    connection.run(
      `UPDATE Mark SET liftedAt = ?, liftedBy = ?, liftReason = '', liftDeploymentId = ?
       WHERE service = ? AND label = ? AND liftedAt IS NULL AND id < ?`,
      at,
      by,
      id,
      service,
      to.label,
      id,
    );
  else insertMark(connection, markOf(deployment, to.label));
}

/** The mark that a deployment leaves on the version that it took back. */
export function markOf({ id, service, by, finishedAt, requestedAt }: Deployment, label: string): Mark {
  return {
    id,
    service,
    label,
    deploymentId: id,
    by,
    at: finishedAt ?? requestedAt,
    reason: "",
    lifted: null,
  };
}

/** A version that is marked already needs no second mark, and a deployment that is saved again after its mark was lifted leaves none. */
function insertMark(connection: Writing, { id, service, label, deploymentId, by, at, reason }: Mark): void {
  connection.run(
    `INSERT OR IGNORE INTO Mark (id, service, label, deploymentId, by, at, reason)
     SELECT ?, ?, ?, ?, ?, ?, ?
     WHERE NOT EXISTS (SELECT 1 FROM Mark WHERE service = ? AND label = ? AND (liftedAt IS NULL OR liftedAt > ?))`,
    id,
    service,
    label,
    deploymentId,
    by,
    at,
    reason,
    service,
    label,
    at,
  );
}

function rowsOf<R>(connection: Reading, table: "Mark" | "Freeze", service: string | null): R[] {
  return service === null
    ? connection.all<R>(`SELECT * FROM ${table} ORDER BY id`)
    : connection.all<R>(`SELECT * FROM ${table} WHERE service = ? ORDER BY id`, service);
}

function toMark(row: MarkRow): Mark {
  const { id, service, label, deploymentId, by, at, reason } = row;
  return { id, service, label, deploymentId, by, at, reason, lifted: toLifted(row, row.liftDeploymentId) };
}

function toFreeze(row: FreezeRow): Freeze {
  const { id, service, by, at, reason, until } = row;
  return { id, service, by, at, reason, until, lifted: toLifted(row, null) };
}

function toLifted(row: MarkRow | FreezeRow, deploymentId: string | null): Lifted | null {
  if (row.liftedAt === null) return null;
  return { by: row.liftedBy ?? "", at: row.liftedAt, reason: row.liftReason ?? "", deploymentId };
}
