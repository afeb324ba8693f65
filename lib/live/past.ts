import { type Database, openDatabase } from "@/lib/db";
import type { DeploymentSummary } from "@/lib/deploy/types";
import { AppError } from "@/lib/errors";
import { allInspections } from "@/lib/history/inspections";
import { lastPerService } from "@/lib/history/queries";
import { failedLabelsByService, ranBeforeByService } from "@/lib/history/versions";
import type { Inspection } from "@/lib/images/types";

/** What the model needs of the past, in memory: a page view reads no table. */
export interface Past {
  readonly database: Database;
  last(service: string): DeploymentSummary | null;
  failedLabels(service: string): ReadonlySet<string>;
  ranBefore(service: string): readonly string[];
  inspections(): ReadonlyMap<string, Inspection>;
  /** Reads the database again; without one what is known stays. Returns whether it could. */
  refresh(): boolean;
}

const NONE: ReadonlySet<string> = new Set();

/** Reads the engine's database as soon as there is one. */
export function createPast(file: string): Past {
  const database = openDatabase({ file, mode: "reader" });
  let lasts: ReadonlyMap<string, DeploymentSummary> = new Map();
  let failed: ReadonlyMap<string, ReadonlySet<string>> = new Map();
  let ran: ReadonlyMap<string, readonly string[]> = new Map();
  let opened: ReadonlyMap<string, Inspection> = new Map();

  return {
    database,
    last: (service) => lasts.get(service) ?? null,
    failedLabels: (service) => failed.get(service) ?? NONE,
    ranBefore: (service) => ran.get(service) ?? [],
    inspections: () => opened,
    refresh() {
      try {
        lasts = lastPerService(database);
        failed = failedLabelsByService(database);
        ran = ranBeforeByService(database);
        opened = allInspections(database);
        return true;
      } catch (error) {
        if (error instanceof AppError) return false;
        throw error;
      }
    },
  };
}
