import { type Database, openDatabase } from "@/lib/db";
import type { DeploymentSummary } from "@/lib/deploy/types";
import type { Drift } from "@/lib/drift/types";
import { AppError } from "@/lib/errors";
import { allDrifts, driftOf } from "@/lib/history/deployed";
import { allInspections } from "@/lib/history/inspections";
import { listFreezes, listMarks, standing } from "@/lib/history/marks";
import { lastPerService, listDeployments } from "@/lib/history/queries";
import { allRehearsals } from "@/lib/history/rehearsals";
import type { Freeze, Mark } from "@/lib/history/types";
import { type VersionFacts, versionFacts } from "@/lib/history/version-facts";
import { ranBefore, ranBeforeByService } from "@/lib/history/versions";
import type { Inspection, Rehearsal } from "@/lib/images/types";

/** What the model needs of the past, in memory: a page view reads no table. */
export interface Past {
  readonly database: Database;
  last(service: string): DeploymentSummary | null;
  /** Marks that stand. */
  marks(service: string): readonly Mark[];
  /** The freeze that is on now. */
  freeze(service: string): Freeze | null;
  /** When the next freeze ends by itself, ms since 1970. */
  nextThaw(): number | null;
  /** How it differs from what was deployed. */
  drift(service: string): Drift | null;
  ranBefore(service: string): readonly string[];
  /** What became of its versions; read when it is asked for first, and again after its next deployment. Throws `AppError("database")`. */
  versionFacts(service: string): VersionFacts;
  inspections(): ReadonlyMap<string, Inspection>;
  rehearsals(): ReadonlyMap<string, Rehearsal>;
  /** Reads everything; without a database what is known stays. Returns whether it could. */
  refresh(): boolean;
  /** The same for one service, after a deployment of it or when something is laid down for it. */
  refreshService(service: string): boolean;
  /** Takes a deployment's end as told by the engine, a moment before it is on record. */
  learn(last: DeploymentSummary): void;
}

/** Reads the engine's database as soon as there is one. */
export function createPast(file: string): Past {
  const database = openDatabase({ file, mode: "reader" });
  let lasts = new Map<string, DeploymentSummary>();
  let marks = new Map<string, readonly Mark[]>();
  let freezes = new Map<string, readonly Freeze[]>();
  let drifts = new Map<string, Drift | null>();
  let ran = new Map<string, readonly string[]>();
  const facts = new Map<string, VersionFacts>();
  let opened: ReadonlyMap<string, Inspection> = new Map();
  let rehearsed: ReadonlyMap<string, Rehearsal> = new Map();

  return {
    database,
    last: (service) => lasts.get(service) ?? null,
    drift: (service) => drifts.get(service) ?? null,
    learn(last) {
      lasts.set(last.service, last);
      facts.delete(last.service);
    },
    marks: (service) => marks.get(service) ?? [],
    freeze: (service) =>
      freezes.get(service)?.find(({ until }) => until === null || Date.now() < until) ?? null,
    nextThaw() {
      const ends = [...freezes.values()].flat().flatMap(({ until }) => until ?? []);
      return ends.filter((at) => at > Date.now()).sort((a, b) => a - b)[0] ?? null;
    },
    ranBefore: (service) => ran.get(service) ?? [],
    versionFacts(service) {
      const known = facts.get(service) ?? versionFacts(database, service);
      facts.set(service, known);
      return known;
    },
    inspections: () => opened,
    rehearsals: () => rehearsed,
    refresh: () =>
      isReadable(() => {
        lasts = lastPerService(database);
        marks = standing(listMarks(database, null));
        freezes = standing(listFreezes(database, null));
        drifts = allDrifts(database);
        ran = ranBeforeByService(database);
        facts.clear();
        opened = allInspections(database);
        rehearsed = allRehearsals(database);
      }),
    refreshService: (service) =>
      isReadable(() => {
        const last = listDeployments(database, { service, limit: 1 }).rows[0];
        if (last?.phase === "finished") lasts.set(service, last);
        marks.set(service, standing(listMarks(database, service)).get(service) ?? []);
        freezes.set(service, standing(listFreezes(database, service)).get(service) ?? []);
        drifts.set(service, driftOf(database, service));
        ran.set(service, ranBefore(database, service));
        facts.delete(service);
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
