import type { Database, DeployedRow, OwnedDatabase } from "@/lib/db";
import type { AttachedState, DeployedState, Drift, Known } from "@/lib/drift/types";
import { parsed } from "@/lib/history/rows";

/** What is on record of what a service had attached. Times in ms since 1970. */
export interface DeployedRecord extends Known {
  readonly at: number;
  readonly drift: Drift | null;
}

/** Writes all of them or none, by service. Throws `AppError("database")`. */
export function saveDeployed(db: OwnedDatabase, records: ReadonlyMap<string, DeployedRecord>): void {
  db.write((connection) => {
    for (const [service, { at, drift, deployed, seen }] of records)
      connection.run(
        "INSERT OR REPLACE INTO Deployed (service, at, drift, deployed, seen) VALUES (?, ?, ?, ?, ?)",
        service,
        at,
        drift && JSON.stringify(drift),
        deployed && JSON.stringify(deployed),
        seen && JSON.stringify(seen),
      );
  });
}

/** Every service of which something is on record. Throws `AppError("database")`. */
export function allDeployed(db: Database): Map<string, DeployedRecord> {
  const rows = db.read((connection) => connection.all<DeployedRow>("SELECT * FROM Deployed"));
  return new Map(
    rows.map(({ service, at, drift, deployed, seen }) => [
      service,
      {
        at,
        drift: drift === null ? null : parsed<Drift>(drift),
        deployed: deployed === null ? null : parsed<DeployedState>(deployed),
        seen: seen === null ? null : parsed<AttachedState>(seen),
      },
    ]),
  );
}

/** How services differ from what was deployed, of those that do. Throws `AppError("database")`. */
export function allDrifts(db: Database): Map<string, Drift> {
  const rows = db.read((connection) => connection.all<DriftRow>(DRIFTS));
  return new Map(rows.map(({ service, drift }) => [service, parsed<Drift>(drift)]));
}

/** The same for one service; `null` when nothing differs. */
export function driftOf(db: Database, service: string): Drift | null {
  const row = db.read((connection) => connection.get<DriftRow>(`${DRIFTS} AND service = ?`, service));
  return row ? parsed<Drift>(row.drift) : null;
}

const DRIFTS = "SELECT service, drift FROM Deployed WHERE drift IS NOT NULL";
interface DriftRow {
  readonly service: string;
  readonly drift: string;
}
