import { type Database, openDatabase } from "@/lib/db";
import type { DeploymentSummary } from "@/lib/deploy/types";
import type { Drift } from "@/lib/drift/types";
import { AppError } from "@/lib/errors";
import { allDrifts, driftOf } from "@/lib/history/deployed";
import { allInspections } from "@/lib/history/inspections";
import { lastPerService, listDeployments } from "@/lib/history/queries";
import { failedLabels, failedLabelsByService, ranBefore, ranBeforeByService } from "@/lib/history/versions";
import type { Inspection } from "@/lib/images/types";

/** What the model needs of the past, in memory: a page view reads no table. */
export interface Past {
  readonly database: Database;
  last(service: string): DeploymentSummary | null;
  /** How it differs from what was deployed. */
  drift(service: string): Drift | null;
  failedLabels(service: string): ReadonlySet<string>;
  ranBefore(service: string): readonly string[];
  inspections(): ReadonlyMap<string, Inspection>;
  /** Reads everything; without a database what is known stays. Returns whether it could. */
  refresh(): boolean;
  /** The same for one service, after a deployment of it. */
  refreshService(service: string): boolean;
  /** Takes a deployment's end as told by the engine, a moment before it is on record. */
  learn(last: DeploymentSummary): void;
}

const NONE: ReadonlySet<string> = new Set();

/** Reads the engine's database as soon as there is one. */
export function createPast(file: string): Past {
  const database = openDatabase({ file, mode: "reader" });
  let lasts = new Map<string, DeploymentSummary>();
  let drifts = new Map<string, Drift | null>();
  let failed = new Map<string, ReadonlySet<string>>();
  let ran = new Map<string, readonly string[]>();
  let opened: ReadonlyMap<string, Inspection> = new Map();

  return {
    database,
    last: (service) => lasts.get(service) ?? null,
    drift: (service) => drifts.get(service) ?? null,
    learn: (last) => lasts.set(last.service, last),
    failedLabels: (service) => failed.get(service) ?? NONE,
    ranBefore: (service) => ran.get(service) ?? [],
    inspections: () => opened,
    refresh: () =>
      isReadable(() => {
        lasts = lastPerService(database);
        drifts = allDrifts(database);
        failed = failedLabelsByService(database);
        ran = ranBeforeByService(database);
        opened = allInspections(database);
      }),
    refreshService: (service) =>
      isReadable(() => {
        const last = listDeployments(database, { service, limit: 1 }).rows[0];
        if (last?.phase === "finished") lasts.set(service, last);
        drifts.set(service, driftOf(database, service));
        failed.set(service, failedLabels(database, service));
        ran.set(service, ranBefore(database, service));
      }),
  };
}

function isReadable(read: () => void): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}
