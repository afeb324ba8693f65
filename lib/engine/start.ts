import { readFile } from "node:fs/promises";
import path from "node:path";
import { openDatabase } from "@/lib/db";
import { createDeadMan, type DeadMan } from "@/lib/deploy/dead-man";
import { createExclusive, type Host } from "@/lib/deploy/host";
import { createIntents } from "@/lib/deploy/intent";
import { partForSwitch } from "@/lib/deploy/rehearse";
import { createReserve } from "@/lib/deploy/reserve";
import type { Deployment } from "@/lib/deploy/types";
import { createTeller, emit, openDoor } from "@/lib/engine/door";
import { createImageFinder, readImagePlaces } from "@/lib/engine/image-finder";
import { createInspector, KEEP_AFTER_MS } from "@/lib/engine/inspector";
import { createKeeper } from "@/lib/engine/keeper";
import { createOrderBook } from "@/lib/engine/orders";
import { createRehearser } from "@/lib/engine/rehearser";
import { createEngine } from "@/lib/engine/service";
import { HOST_PATHS, readEnv } from "@/lib/env";
import { clearStage } from "@/lib/rehearsal/rehearse-unit";
import { SCENE_PATHS } from "@/lib/rehearsal/scene";
import { createBus } from "@/lib/systemd/bus";
import { readTrace } from "@/lib/systemd/journal-trace";
import { createSystemd } from "@/lib/systemd/systemd";
import type { Systemd } from "@/lib/systemd/types";
import { version } from "@/package.json";

export interface EngineSeams {
  /** What stands between the engine and the host; the real one by itself. */
  readonly systemd?: (real: Systemd) => Systemd;
  /** Called with each change of a deployment, at the moment it happens and before anyone else hears of it. */
  readonly onPublish?: (deployment: Deployment) => void;
}

/**
 * Starts the engine: database, bus, door; then settles what an earlier life
 * left open. Rejects when it cannot start; resolves when all is settled.
 */
export async function startEngine(seams: EngineSeams = {}): Promise<void> {
  const { systemd: between = (real) => real, onPublish = () => undefined } = seams;
  const env = readEnv();
  const bus = createBus({ address: env.busAddress });
  bus.start();
  await bus.whenUp();
  const systemd = between(createSystemd(bus));
  const db = openDatabase({ file: env.databaseFile, mode: "owner", migrations: MIGRATIONS });
  const keeper = createKeeper(db);
  const orders = createOrderBook({
    db,
    settleMs: env.settleMs,
    noted: (service) => emit(bus, "Noted", { service }),
  });

  const finder = createImageFinder(() => readImagePlaces({ imageRoots: env.imageRoots, paths: HOST_PATHS }));
  const inspector = createInspector({
    systemd,
    finder,
    known: keeper.inspections(),
    kept: (version) => keeper.unitTexts(version.path),
    opened: (opened, version) => {
      keeper.keepInspection(opened);
      const { unitTexts: _texts, osReleaseText: _text, ...inspection } = opened;
      emit(bus, "Inspected", { service: version.service, inspections: [inspection] });
    },
    answered: (service, inspections) => emit(bus, "Inspected", { service, inspections: [...inspections] }),
    isBusy: () => engine.open() > 0,
  });
  const theatre = {
    systemd,
    scene: SCENE_PATHS,
    unitDirectory: HOST_PATHS.unitLinks.runtime,
    emptyDirectory: EMPTY_DIRECTORY,
  };
  await clearStage(theatre);
  const rehearser = createRehearser({
    theatre,
    finder,
    known: keeper.rehearsals(),
    inspect: inspector.inspect,
    unitTexts: inspector.unitTexts,
    partOf: (version, inspection) => partForSwitch(host, version, inspection),
    rehearsed: (rehearsal, version) => {
      setTimeout(() => {
        keeper.keepRehearsal(rehearsal);
        emit(bus, "Rehearsed", { service: version.service, rehearsals: [rehearsal] });
      }, KEEP_AFTER_MS);
    },
    isBusy: () => engine.open() > 0 || inspector.isAtWork(),
  });
  const host: Host = {
    systemd,
    paths: HOST_PATHS,
    imageRoots: env.imageRoots,
    stateDir: env.stateDir,
    orders,
    inspect: inspector.inspect,
    inspected: inspector.inspected,
    rehearse: rehearser.rehearse,
    rehearseAhead: rehearser.rehearseAhead,
    rehearsed: rehearser.rehearsed,
    exclusive: createExclusive(),
  };
  const intents = createIntents(path.join(env.stateDir, "intents"));
  const reserve = createReserve(path.join(env.stateDir, "reserve"));
  const deadMan = createDeadMan(path.join(env.stateDir, "way-back"), host);
  const tell = createTeller(bus);
  const engine = createEngine({
    host,
    inspector,
    rehearser,
    intents,
    deadMan,
    reserve,
    journal: keeper,
    orders,
    graceMs: env.graceMs,
    lastId: keeper.lastId(),
    version,
    publish: (deployment) => {
      onPublish(deployment);
      tell(deployment);
    },
    outside: {
      load: keeper.deployed,
      save: keeper.keepDeployed,
      noted: (service) => emit(bus, "Noted", { service }),
      trace: readTrace,
    },
  });

  const left = await intents.all();
  for (const file of left.unreadable)
    console.error(`cannot read ${file}: it is set aside, and what it may have begun is undone`);
  const open = left.intents.map((intent) => ({ ...intent, deployment: keeper.newest(intent.deployment) }));
  const over = open.filter((intent) => intent.deployment.outcome !== null); // died between record and clean-up
  const isOpen = (id: string) => open.some(({ deployment }) => deployment.id === id && !deployment.outcome);
  const unclaimed = (await deadMan.known()).filter((known) => !isOpen(known));
  await keeper.closeUnfinished(open.map((intent) => intent.deployment.id));
  const recovery = engine.recover(open.filter((intent) => intent.deployment.outcome === null));
  const tidied = await tidy(deadMan, unclaimed, left.unreadable.length > 0);
  await openDoor(bus, engine.methods, new Set([0, await uidOf("attache")]));
  console.log(`attache-engine ${version} answers as org.attache.Engine1`);
  await engine.follow(over.map((intent) => intent.deployment));
  // The door is open: what lies there by now may be somebody else's.
  for (const { plan } of over) if (!engine.holds(plan.service)) await intents.remove(plan.service);
  await Promise.all([recovery, tidied.over]);
  for (const file of left.unreadable) await intents.setAside(file);
  await reserve.fill().catch((error: unknown) => console.error("no reserve for a full disk:", error));
}

/**
 * What no open deployment claims: where one of them could not be read, it may
 * be what was under way. Resolves when no file will be changed any more; `over`
 * when all is done.
 */
async function tidy(deadMan: DeadMan, ids: readonly string[], isAnyUnreadable: boolean) {
  const ends: Promise<void>[] = [];
  for (const id of ids) {
    const { over } = isAnyUnreadable ? await deadMan.bringBack(id) : { over: Promise.resolve() };
    ends.push(over.then(() => deadMan.forget(id)));
  }
  return { over: Promise.all(ends) };
}

/** The web server's user; without one only root may ask. */
async function uidOf(user: string): Promise<number> {
  const line = (await readFile("/etc/passwd", "utf8")).split("\n").find((row) => row.startsWith(`${user}:`));
  return line ? Number(line.split(":")[2]) : 0;
}

/** In the engine's own runtime directory. */
const EMPTY_DIRECTORY = "/run/attache-engine/empty";
/** Beside the bundle that this file becomes a part of. */
const MIGRATIONS = path.join(import.meta.dirname, "migrations");
