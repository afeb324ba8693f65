import type { Database } from "@/lib/db";

/** Labels of versions that ran, by service, the one that ran last first. Throws `AppError("database")`. */
export function ranBeforeByService(db: Database): Map<string, string[]> {
  return grouped(ranRows(db, null));
}

/** The same for one service. */
export function ranBefore(db: Database, service: string): string[] {
  return grouped(ranRows(db, service)).get(service) ?? [];
}

interface LabelRow {
  readonly service: string;
  readonly label: string;
}

/** A version ran when a change to it held, and when a later change found it attached; of one change, the target is the newer. */
function ranRows(db: Database, service: string | null): LabelRow[] {
  const which = service === null ? "" : "AND service = ?";
  return db.read((connection) =>
    connection.all<LabelRow>(
      `SELECT service, label, max(at) FROM (
         SELECT service, toLabel AS label, id || '1' AS at FROM Deployment WHERE verdict = 'up' ${which}
         UNION ALL
         SELECT service, fromLabel, id || '0' FROM Deployment WHERE fromLabel IS NOT NULL ${which}
       ) GROUP BY service, label ORDER BY service, max(at) DESC`,
      ...(service === null ? [] : [service, service]),
    ),
  );
}

function grouped(rows: readonly LabelRow[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { service, label } of rows) {
    const labels = groups.get(service);
    if (labels) labels.push(label);
    else groups.set(service, [label]);
  }
  return groups;
}
