import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { openDatabase } from "@/lib/db";
import { createIntents } from "@/lib/deploy/intent";
import { getDeployment } from "@/lib/history/queries";
import { createDisk, type DiskEvent, type Luck } from "./disk";

/** Every state that a power cut could have left, opened as the engine would open it. */
export interface Replayed {
  /** Events after which the power was cut. */
  readonly cuts: number;
  /** Different states of the disk. */
  readonly states: number;
  readonly told: number;
  /** Ends that were told, and are in a state neither in the history nor to be settled from an intent. */
  readonly lost: readonly string[];
  /** Writes to the database file itself: without any, no checkpoint was under way. */
  readonly databaseWrites: number;
}

const MIGRATIONS = "/opt/attache/engine/migrations";
const [events = "", base = "", stateDir = "", databaseFile = ""] = process.argv.slice(2);

const lines: DiskEvent[] = JSON.parse(readFileSync(events, "utf8"));
const disk = createDisk(readTree(base));
const place = mkdtempSync("/tmp/replay-");
const told = new Set<string>();
const seen = new Set<string>();
const lost: string[] = [];
let cuts = 0;
for (const [index, event] of lines.entries()) {
  disk.apply(event, index);
  if (event.kind === "told") told.add(event.id);
  cuts++;
  for (const luck of everyLuck()) {
    const key = `${told.size}\n${disk.keyAfterCut(luck)}`;
    if (seen.has(key)) continue;
    seen.add(key);
    for (const id of await missing(disk.afterCut(luck)))
      lost.push(`${id} after event ${index} (${event.kind})`);
    if (seen.size % 500 === 0) console.error(`${seen.size} states`);
  }
}
rmSync(place, { recursive: true });
const replayed: Replayed = {
  cuts,
  states: seen.size,
  told: told.size,
  lost,
  databaseWrites: lines.filter((event) => event.kind === "write" && event.path === databaseFile).length,
};
console.log(JSON.stringify(replayed));

/** Each kind of file may have kept its writes or not, and the directories their names. */
function everyLuck(): Luck[] {
  const both = [false, true];
  return both.flatMap((keepsNames) =>
    both.flatMap((database) =>
      both.flatMap((wal) =>
        both.map((others) => ({
          keepsNames,
          keepsWrites: (path) =>
            path === databaseFile ? database : path === `${databaseFile}-wal` ? wal : others,
        })),
      ),
    ),
  );
}

/** Ids of ends that were told and that this state does not know of. */
async function missing(left: ReadonlyMap<string, Buffer>): Promise<string[]> {
  if (told.size === 0) return [];
  rmSync(place, { recursive: true, force: true });
  for (const [path, bytes] of left) {
    const file = join(place, path.slice(stateDir.length));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
  const db = openDatabase({
    file: join(place, databaseFile.slice(stateDir.length)),
    mode: "owner",
    migrations: MIGRATIONS,
  });
  try {
    const open = new Set(
      (await createIntents(join(place, "intents")).all()).intents.map(({ deployment }) => deployment.id),
    );
    return [...told].filter((id) => !open.has(id) && getDeployment(db, id)?.outcome == null);
  } catch (error) {
    return [`all, since ${error instanceof Error ? error.message : String(error)}`];
  } finally {
    db.close();
  }
}

/** The files that matter, under the names that they have in the state directory. */
function readTree(from: string): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  const walk = (directory: string) => {
    for (const name of readdirSync(directory)) {
      const path = join(directory, name);
      if (lstatSync(path).isDirectory()) walk(path);
      else found.set(stateDir + path.slice(from.length), readFileSync(path));
    }
  };
  walk(from);
  return new Map([...found].filter(([path]) => isWatched(path)));
}

/** SQLite makes its index of the log (`-shm`) anew. */
function isWatched(path: string): boolean {
  return path === databaseFile || path === `${databaseFile}-wal` || path.startsWith(`${stateDir}/intents/`);
}
