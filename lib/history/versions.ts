import type { Database } from "@/lib/db";

/** Labels of versions that ran, by service, the one that ran last first. Throws `AppError("database")`. */
export function ranBeforeByService(db: Database): Map<string, string[]> {
  return grouped(ranRows(db, null));
}

/** The same for one service. */
export function ranBefore(db: Database, service: string): string[] {
  return grouped(ranRows(db, service)).get(service) ?? [];
}

/**
 * Labels of versions that did not stay up when they were last tried, by
 * service; a later success clears one. Throws `AppError("database")`.
 */
export function failedLabelsByService(db: Database): Map<string, Set<string>> {
  const rows = grouped(failedRows(db, null));
  return new Map([...rows].map(([service, labels]) => [service, new Set(labels)]));
}

/** The same for one service. */
export function failedLabels(db: Database, service: string): Set<string> {
  return new Set(grouped(failedRows(db, service)).get(service));
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

/** Next to `max(id)`, SQLite takes `verdict` from the row that has it (sqlite.org/lang_select.html#bareagg). */
function failedRows(db: Database, service: string | null): LabelRow[] {
  return db
    .read((connection) =>
      connection.all<LabelRow & { readonly verdict: string }>(
        `SELECT service, toLabel AS label, verdict, max(id) FROM Deployment
         WHERE verdict IS NOT NULL ${service === null ? "" : "AND service = ?"} GROUP BY service, toLabel`,
        ...(service === null ? [] : [service]),
      ),
    )
    .filter((row) => row.verdict === "down");
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
