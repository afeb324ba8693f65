import type { Database, InspectionRow, OwnedDatabase } from "@/lib/db";
import type { Message } from "@/lib/errors";
import { parsed } from "@/lib/history/rows";
import type { ImageFacts, Inspection } from "@/lib/images/types";

/** Texts from inside an image, as they are: hostile. */
export interface ImageTexts {
  readonly osReleaseText: string;
  /** By unit file name. */
  readonly unitTexts: Readonly<Record<string, string>>;
}

const LIGHT = "path, dev, ino, size, mtimeMs, at, facts, problem";
type LightRow = Omit<InspectionRow, "osRelease" | "unitTexts">;

/** Keeps the newest result for a path. Throws `AppError("database")`. */
export function saveInspection(db: OwnedDatabase, opened: Inspection & ImageTexts): void {
  const { path, stamp, at } = opened;
  db.write((connection) =>
    connection.run(
      `INSERT OR REPLACE INTO Inspection (${LIGHT}, osRelease, unitTexts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      path,
      stamp.dev,
      stamp.ino,
      stamp.size,
      stamp.mtimeMs,
      at,
      opened.ok ? JSON.stringify(opened.facts) : null,
      opened.ok ? null : JSON.stringify(opened.problem),
      opened.osReleaseText,
      JSON.stringify(opened.unitTexts),
    ),
  );
}

/** Every image that was opened at `since` (ms since 1970) or later, by path and without its texts. Throws `AppError("database")`. */
export function allInspections(db: Database, since = 0): Map<string, Inspection> {
  const rows = db.read((connection) =>
    connection.all<LightRow>(`SELECT ${LIGHT} FROM Inspection WHERE at >= ?`, since),
  );
  return new Map(rows.map((row) => [row.path, toInspection(row)]));
}

/** What the image at `path` said when it was opened last; `null` when it never was. Throws `AppError("database")`. */
export function imageTexts(db: Database, path: string): ImageTexts | null {
  const sql = "SELECT osRelease, unitTexts FROM Inspection WHERE path = ?";
  const row = db.read((connection) =>
    connection.get<Pick<InspectionRow, "osRelease" | "unitTexts">>(sql, path),
  );
  return row
    ? { osReleaseText: row.osRelease, unitTexts: parsed<ImageTexts["unitTexts"]>(row.unitTexts) }
    : null;
}

function toInspection(row: LightRow): Inspection {
  const { path, dev, ino, size, mtimeMs, at } = row;
  const same = { path, at, stamp: { dev, ino, size, mtimeMs } };
  if (row.facts !== null) return { ...same, ok: true, facts: parsed<ImageFacts>(row.facts) };
  return { ...same, ok: false, problem: parsed<Message>(row.problem ?? "null") };
}
