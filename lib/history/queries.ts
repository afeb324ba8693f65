import type { Database, DeploymentRow, Reading, StepRow, Value } from "@/lib/db";
import type { Deployment, DeploymentSummary, Kind, Outcome } from "@/lib/deploy/types";
import { SUMMARY_COLUMNS, type SummaryRow, toDeployment, toSummary } from "@/lib/history/rows";

export interface DeploymentFilter {
  readonly service?: string | undefined;
  readonly kind?: Kind | undefined;
  readonly outcome?: Outcome | undefined;
  readonly by?: string | undefined;
  readonly batch?: string | undefined;
  /** Part of a service, version, person or reason; capitals do not matter (ASCII). */
  readonly text?: string | undefined;
  /** Only deployments older than this id: the `next` of the page before. */
  readonly before?: string | undefined;
  /** Rows per page, 1 to 200. */
  readonly limit: number;
}

export interface DeploymentPage {
  readonly rows: readonly DeploymentSummary[];
  /** `before` of the next page; `null` on the last one. */
  readonly next: string | null;
}

const SUMMARY = SUMMARY_COLUMNS.map((name) => `"${name}"`).join(", ");
const MOST = 200;

/** One deployment with its steps and log; `null` when it is not on record. Throws `AppError("database")`. */
export function getDeployment(db: Database, id: string): Deployment | null {
  return db.read((connection) => readDeployment(connection, id));
}

export function readDeployment(connection: Reading, id: string): Deployment | null {
  const row = connection.get<DeploymentRow>("SELECT * FROM Deployment WHERE id = ?", id);
  return row
    ? toDeployment(row, connection.all<StepRow>("SELECT * FROM Step WHERE deploymentId = ? ORDER BY seq", id))
    : null;
}

/** A page of deployments, newest first. Throws `AppError("database")`. */
export function listDeployments(db: Database, filter: DeploymentFilter): DeploymentPage {
  const limit = Math.min(MOST, Math.max(1, Math.trunc(filter.limit)));
  const { sql, values } = searchOf(filter);
  const found = db.read((connection) =>
    connection.all<SummaryRow>(
      `SELECT ${SUMMARY} FROM Deployment WHERE id IN (${sql} ORDER BY id DESC LIMIT ?) ORDER BY id DESC`,
      ...values,
      limit + 1,
    ),
  );
  const rows = found.slice(0, limit).map(toSummary);
  return { rows, next: found.length > limit ? (rows.at(-1)?.id ?? null) : null };
}

/** The newest deployment of each service that has one. Throws `AppError("database")`. */
export function lastPerService(db: Database): Map<string, DeploymentSummary> {
  const sql = `SELECT ${SUMMARY} FROM Deployment WHERE id IN (SELECT max(id) FROM Deployment GROUP BY service)`;
  const rows = db.read((connection) => connection.all<SummaryRow>(sql));
  return new Map(rows.map((row) => [row.service, toSummary(row)]));
}

/**
 * The ids that match, to be read from an index alone: rows carry their logs.
 * A service or one other filter has an index of its own, everything else walks
 * the one that holds all the columns that can be asked for.
 */
function searchOf(filter: DeploymentFilter): { sql: string; values: Value[] } {
  const equal = (["service", "kind", "outcome", "by", "batch"] as const).flatMap((column) => {
    const value = filter[column];
    return value === undefined ? [] : [{ column, value }];
  });
  const text = filter.text ? `%${filter.text.replace(/[\\%_]/g, "\\$&")}%` : null;
  const searched = text === null ? [] : ["service", "fromLabel", "toLabel", "by", "reason"];
  const conditions = [
    ...equal.map(({ column }) => `"${column}" = ?`),
    ...(filter.before === undefined ? [] : ["id < ?"]),
    ...(text === null
      ? []
      : [`(${searched.map((column) => `"${column}" LIKE ? ESCAPE '\\'`).join(" OR ")})`]),
  ];
  const needsAll =
    filter.service === undefined && filter.batch === undefined && (text !== null || equal.length > 1);
  return {
    sql: `SELECT id FROM Deployment ${needsAll ? "INDEXED BY Deployment_search_idx" : ""}
      ${conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : ""}`,
    values: [
      ...equal.map(({ value }) => value),
      ...(filter.before === undefined ? [] : [filter.before]),
      ...(text === null ? [] : searched.map(() => text)),
    ],
  };
}
