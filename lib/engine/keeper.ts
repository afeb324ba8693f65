import type { OwnedDatabase } from "@/lib/db";
import type { Deployment, VersionRef } from "@/lib/deploy/types";
import { digestOf } from "@/lib/engine/digest";
import type { Journal } from "@/lib/engine/service";
import { AppError } from "@/lib/errors";
import { allDeployed, type DeployedRecord, saveDeployed } from "@/lib/history/deployed";
import { allInspections, imageTexts, saveInspection } from "@/lib/history/inspections";
import { getDeployment, listDeployments } from "@/lib/history/queries";
import { createRecorder } from "@/lib/history/recorder";
import { allRehearsals, saveRehearsal } from "@/lib/history/rehearsals";
import type { OpenedImage } from "@/lib/images/inspect";
import type { Inspection, Rehearsal } from "@/lib/images/types";

export interface Keeper extends Journal {
  /** The newest id on record; `null` without one, or without a database. */
  lastId(): string | null;
  /** What was opened in earlier lives; empty without a database. */
  inspections(): ReadonlyMap<string, Inspection>;
  keepInspection(opened: OpenedImage): void;
  /** Unit files of an image as it was opened last; `null` without a database. */
  unitTexts(path: string): Readonly<Record<string, string>> | null;
  /** What was rehearsed in earlier lives; empty without a database. */
  rehearsals(): ReadonlyMap<string, Rehearsal>;
  keepRehearsal(rehearsal: Rehearsal): void;
  /** The deployment with every step that is on record: an intent file is written less often. */
  newest(deployment: Deployment): Deployment;
  /** What was known to be deployed in earlier lives, by service; `null` while it cannot be read. */
  deployed(): ReadonlyMap<string, DeployedRecord> | null;
  /** Whether it was written. */
  keepDeployed(records: ReadonlyMap<string, DeployedRecord>): boolean;
  /** Ends records that no intent speaks of any more: their outcome was never written. */
  closeUnfinished(known: readonly string[]): Promise<void>;
}

/**
 * Keeps the record in the database, and lives without one: a database that is
 * missing, locked, full or garbage is told to the log, tried again with the
 * next write, and never stops a deployment.
 */
export function createKeeper(db: OwnedDatabase): Keeper {
  const complain = (error: unknown) => console.error("the history was not written:", error);
  const recorder = createRecorder(db, complain);
  const keepDigest = async (id: string, which: "from" | "to", version: VersionRef | null) => {
    const sha256 = version && (await digestOf(version));
    if (sha256) await recorder.setDigest(id, which, sha256);
  };

  return {
    save: recorder.save,
    setReason: recorder.setReason,
    lastId: () => orWithout(() => listDeployments(db, { limit: 1 }).rows[0]?.id ?? null, null, complain),
    inspections: () => orWithout(() => allInspections(db), new Map(), complain),
    keepInspection: (opened) => orWithout(() => saveInspection(db, opened), undefined, complain),
    unitTexts: (path) => orWithout(() => imageTexts(db, path)?.unitTexts ?? null, null, complain),
    rehearsals: () => orWithout(() => allRehearsals(db), new Map(), complain),
    keepRehearsal: (rehearsal) => orWithout(() => saveRehearsal(db, rehearsal), undefined, complain),
    deployed: () => orWithout(() => allDeployed(db), null, complain),
    keepDeployed(records) {
      const write = () => {
        saveDeployed(db, records);
        return true;
      };
      return orWithout(write, false, complain);
    },
    newest(deployment) {
      const known = orWithout(() => getDeployment(db, deployment.id), null, complain);
      if (!known || (known.startedAt === null && deployment.startedAt !== null)) return deployment;
      return progressOf(known) >= progressOf(deployment) ? known : deployment;
    },
    finished({ id, kind, from, to }) {
      const digests = keepDigest(id, "to", kind === "restart" ? null : to).then(() =>
        keepDigest(id, "from", from),
      );
      digests.catch(complain);
    },
    async closeUnfinished(known) {
      const open = orWithout(() => recorder.unfinished(), [], complain);
      for (const deployment of open.filter(({ id }) => !known.includes(id)))
        await recorder.save(ended(deployment));
    },
  };
}

/** Grows with each step that begins or ends. */
function progressOf({ steps }: Deployment): number {
  return steps.length + steps.filter(({ outcome }) => outcome !== "running").length;
}

function orWithout<T>(work: () => T, otherwise: T, complain: (error: unknown) => void): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    complain(error);
    return otherwise;
  }
}

function ended(deployment: Deployment): Deployment {
  const message = { code: "record-lost", params: {} };
  return {
    ...deployment,
    phase: "finished",
    outcome: "needs-person",
    message,
    finishedAt: Date.now(),
    startsAt: null,
    endsAt: null,
  };
}
