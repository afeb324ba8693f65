import type { Database, Reading } from "@/lib/db";
import { layerChanges } from "@/lib/deploy/layers";
import type { LayerRef, Outcome } from "@/lib/deploy/types";
import type { Message } from "@/lib/errors";
import { parsed } from "@/lib/history/rows";
import { proofOf } from "@/lib/history/verdict";

/** A deployment that ended with the version from before. */
export interface TakenBack {
  readonly deploymentId: string;
  /** ms since 1970. */
  readonly at: number;
  readonly message: Message | null;
}

/** What became of a version here last. */
export type VersionFact =
  | { readonly is: "left"; readonly at: number }
  | ({ readonly is: "taken-back" } & TakenBack);

/** What the record tells of the versions of one service. */
export interface VersionFacts {
  /** By label: when it was left for another one, or that it was taken back; whichever is newer. */
  readonly versions: ReadonlyMap<string, VersionFact>;
  /** Layers whose last switch proved that they do not stay up, by `layerKey`. */
  readonly fallenLayers: ReadonlyMap<string, TakenBack>;
}

/** A version of a layer; `/` is in neither part. */
export function layerKey(stem: string, label: string): string {
  return `${stem}/${label}`;
}

/** All deployments of the service count, however many there were since. Throws `AppError("database")`. */
export function versionFacts(db: Database, service: string): VersionFacts {
  return db.read((connection) => ({
    versions: versionsOf(connection, service),
    fallenLayers: fallenLayersOf(connection, service),
  }));
}

interface EndRow {
  readonly id: string;
  readonly label: string;
  readonly at: number;
  readonly message: string | null;
}

/** Of a group SQLite gives the other columns of the row with the greatest id. */
function versionsOf(connection: Reading, service: string): Map<string, VersionFact> {
  const left = connection.all<EndRow>(
    `SELECT max(id) AS id, fromLabel AS label, finishedAt AS at, NULL AS message FROM Deployment
     WHERE service = ? AND fromLabel IS NOT NULL AND toLabel IS NOT fromLabel
       AND outcome = 'succeeded' AND finishedAt IS NOT NULL GROUP BY fromLabel`,
    service,
  );
  const takenBack = connection.all<EndRow>(
    `SELECT max(id) AS id, toLabel AS label, finishedAt AS at, message FROM Deployment
     WHERE service = ? AND toLabel IS NOT NULL AND toLabel IS NOT fromLabel
       AND outcome = 'reverted' AND finishedAt IS NOT NULL GROUP BY toLabel`,
    service,
  );
  const leftIn = new Map(left.map(({ label, id }) => [label, id]));
  return new Map<string, VersionFact>([
    ...left.map(({ label, at }) => [label, { is: "left", at }] as const),
    ...takenBack
      .filter(({ label, id }) => id > (leftIn.get(label) ?? ""))
      .map((row) => [row.label, { is: "taken-back", ...toTakenBack(row) }] as const),
  ]);
}

interface LayerRow extends Omit<EndRow, "label"> {
  readonly outcome: Outcome;
  readonly fromExtensions: string;
  readonly toExtensions: string;
}

/** Only where nothing but a layer changed is it the layer that fell. */
function fallenLayersOf(connection: Reading, service: string): Map<string, TakenBack> {
  const rows = connection.all<LayerRow>(
    `SELECT id, finishedAt AS at, message, outcome, fromExtensions, toExtensions FROM Deployment
     WHERE service = ? AND kind IN ('upgrade', 'rollback') AND fromPath = toPath
       AND finishedAt IS NOT NULL AND fromExtensions IS NOT NULL AND toExtensions IS NOT NULL ORDER BY id`,
    service,
  );
  const fallen = new Map<string, TakenBack>();
  for (const row of rows) {
    const takenBack = toTakenBack(row);
    const proof = proofOf({ outcome: row.outcome, message: takenBack.message });
    for (const { stem, to } of layerChanges(toEnd(row.fromExtensions), toEnd(row.toExtensions)).layers ??
      []) {
      if (proof === "down") fallen.set(layerKey(stem, to ?? ""), takenBack);
      if (proof === "up") fallen.delete(layerKey(stem, to ?? ""));
    }
  }
  return fallen;
}

function toEnd(extensions: string): { layers: readonly LayerRef[] } {
  return { layers: parsed<readonly LayerRef[]>(extensions) };
}

function toTakenBack({ id, at, message }: Pick<EndRow, "id" | "at" | "message">): TakenBack {
  return { deploymentId: id, at, message: message === null ? null : parsed<Message>(message) };
}
