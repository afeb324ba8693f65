import type { Database, HealthCheckRow, OwnedDatabase } from "@/lib/db";
import type { Health } from "@/lib/health/types";
import { parsed } from "@/lib/history/rows";

/** What somebody has set for a service, and who did it when. */
export interface HealthOnRecord extends Health {
  readonly by: string;
  readonly at: number;
}

/** Every service for which something is set. Throws `AppError("database")`. */
export function allHealth(db: Database): Map<string, HealthOnRecord> {
  const rows = db.read((connection) => connection.all<HealthCheckRow>("SELECT * FROM HealthCheck"));
  return new Map(rows.map((row) => [row.service, toHealth(row)]));
}

/** `null` where nothing is set. Throws `AppError("database")`. */
export function healthOnRecord(db: Database, service: string): HealthOnRecord | null {
  const sql = "SELECT * FROM HealthCheck WHERE service = ?";
  const row = db.read((connection) => connection.get<HealthCheckRow>(sql, service));
  return row ? toHealth(row) : null;
}

/** Throws `AppError("database")`. */
export function saveHealth(
  db: OwnedDatabase,
  service: string,
  { settleMs, probes, by, at }: HealthOnRecord,
): void {
  db.write((connection) =>
    connection.run(
      "INSERT OR REPLACE INTO HealthCheck (service, settleMs, probes, by, at) VALUES (?, ?, ?, ?, ?)",
      service,
      settleMs,
      JSON.stringify(probes),
      by,
      at,
    ),
  );
}

function toHealth({ settleMs, probes, by, at }: HealthCheckRow): HealthOnRecord {
  return { settleMs, probes: parsed<Health["probes"]>(probes), by, at };
}
