import type { DeploymentRow, OwnedDatabase, StepRow, Writing } from "@/lib/db";
import type { Deployment } from "@/lib/deploy/types";
import { AppError } from "@/lib/errors";
import { markByVerdict } from "@/lib/history/marks";
import { readDeployment } from "@/lib/history/queries";
import { toRow, toStepRow } from "@/lib/history/rows";

export interface Recorder {
  /**
   * Writes the deployment whole, steps and log included. Resolves when this
   * state or a newer one was tried and never rejects: a failure goes to
   * `onError`, and the newest state is tried again with the next save, or after
   * some seconds.
   */
  save(deployment: Deployment): Promise<void>;
  /** Throws `not-found` for an id that is not on record, `database` when it cannot be written. */
  setReason(id: string, reason: string): Promise<void>;
  /** Adds a digest worked out later; a failure goes to `onError`. */
  setDigest(id: string, which: "from" | "to", sha256: string): Promise<void>;
  /** Deployments that have no end on record, oldest first. Throws `AppError("database")`. */
  unfinished(): Deployment[];
}

/** A deployment publishes many states in a row and each write waits for the disk: in between they are merged. */
const REST_MS = 250;
/** A deployment begins with work that must not wait for the disk: its first state is written beside that. */
const FIRST_MS = 25;
const RETRY_MS = 5000;

/** The engine's pen: keeps SQLite in step with the deployments under way. */
export function createRecorder(db: OwnedDatabase, onError: (error: unknown) => void): Recorder {
  const waiting = new Map<string, Deployment>();
  let attempt: Promise<void> | null = null;
  let hurry = () => {};
  let lastAt = 0;
  let isRetryDue = false;

  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const begin = async () => {
    await pause(Math.max(FIRST_MS, lastAt + REST_MS - performance.now()));
    attempt = null;
    for (const [id, deployment] of waiting) {
      try {
        db.write((connection) => writeDeployment(connection, deployment));
        waiting.delete(id);
      } catch (error) {
        onError(error);
        if (error instanceof AppError) break; // the database is away: the others would wait for it as well
      }
    }
    lastAt = performance.now();
    if (waiting.size > 0 && !isRetryDue) setTimeout(again, RETRY_MS).unref();
    isRetryDue = waiting.size > 0;
  };
  const again = () => {
    isRetryDue = false;
    void flush();
  };
  const flush = () => {
    attempt ??= begin();
    return attempt;
  };
  const save = (deployment: Deployment) => {
    waiting.set(deployment.id, deployment);
    const done = flush();
    if (deployment.phase === "finished") hurry();
    return done;
  };

  return {
    save,
    async setReason(id, reason) {
      const held = waiting.get(id);
      if (held) return save({ ...held, reason });
      const changed = db.write((connection) =>
        connection.run("UPDATE Deployment SET reason = ? WHERE id = ?", reason, id),
      );
      if (changed === 0) throw new AppError("not-found", { id });
    },
    async setDigest(id, which, sha256) {
      const held = waiting.get(id);
      const version = held?.[which];
      if (held && version) return save({ ...held, [which]: { ...version, sha256 } });
      try {
        db.write((connection) =>
          connection.run(`UPDATE Deployment SET ${which}Sha256 = ? WHERE id = ?`, sha256, id),
        );
      } catch (error) {
        onError(error);
      }
    },
    unfinished: () =>
      db.read((connection) =>
        connection
          .all<Pick<DeploymentRow, "id">>(
            "SELECT id FROM Deployment WHERE phase IN ('waiting', 'switching', 'settling', 'trial', 'going-back') ORDER BY id",
          )
          .flatMap(({ id }) => readDeployment(connection, id) ?? []),
      ),
  };
}

/** Steps beyond the last are dropped: a deployment settled after the engine's death goes on from its intent file, which may be older. */
function writeDeployment(connection: Writing, deployment: Deployment): void {
  upsert(connection, "Deployment", ["id"], toRow(deployment));
  for (const step of deployment.steps)
    upsert(connection, "Step", ["deploymentId", "seq"], toStepRow(deployment.id, step));
  connection.run(
    "DELETE FROM Step WHERE deploymentId = ? AND seq > ?",
    deployment.id,
    deployment.steps.length,
  );
  markByVerdict(connection, deployment);
}

/** A digest that is on record is kept when the new row has none: it is worked out beside the deployment. */
function upsert(
  connection: Writing,
  table: "Deployment" | "Step",
  keys: readonly string[],
  row: DeploymentRow | StepRow,
): void {
  const names = Object.keys(row);
  const changes = names
    .filter((name) => !keys.includes(name))
    .map((name) =>
      name.endsWith("Sha256")
        ? `"${name}" = coalesce(excluded."${name}", "${name}")`
        : `"${name}" = excluded."${name}"`,
    );
  connection.run(
    `INSERT INTO "${table}" (${names.map((name) => `"${name}"`).join(", ")}) VALUES (${names.map(() => "?").join(", ")})
     ON CONFLICT (${keys.join(", ")}) DO UPDATE SET ${changes.join(", ")}`,
    ...Object.values(row),
  );
}
