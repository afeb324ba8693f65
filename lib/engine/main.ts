import { readFile } from "node:fs/promises";
import path from "node:path";
import { openDatabase } from "@/lib/db";
import { createExclusive, type Host } from "@/lib/deploy/host";
import { createIntents } from "@/lib/deploy/intent";
import { emit, openDoor } from "@/lib/engine/door";
import { createImageFinder, readImagePlaces } from "@/lib/engine/image-finder";
import { createInspector } from "@/lib/engine/inspector";
import { createKeeper } from "@/lib/engine/keeper";
import { createEngine } from "@/lib/engine/service";
import { HOST_PATHS, readEnv } from "@/lib/env";
import { createBus } from "@/lib/systemd/bus";
import { readTrace } from "@/lib/systemd/journal-trace";
import { createSystemd } from "@/lib/systemd/systemd";
import { version } from "@/package.json";

/** Starts the engine: database, bus, door; then settles what an earlier life left open. */
async function main(): Promise<void> {
  const env = readEnv();
  const bus = createBus({ address: env.busAddress });
  bus.start();
  await bus.whenUp();
  const systemd = createSystemd(bus);
  const keeper = createKeeper(
    openDatabase({ file: env.databaseFile, mode: "owner", migrations: MIGRATIONS }),
  );

  const inspector = createInspector({
    systemd,
    finder: createImageFinder(() => readImagePlaces({ imageRoots: env.imageRoots, paths: HOST_PATHS })),
    known: keeper.inspections(),
    opened: (opened, version) => {
      keeper.keepInspection(opened);
      const { unitTexts: _texts, osReleaseText: _text, ...inspection } = opened;
      emit(bus, "Inspected", { service: version.service, inspections: [inspection] });
    },
    isBusy: () => engine.open() > 0,
  });
  const host: Host = {
    systemd,
    paths: HOST_PATHS,
    imageRoots: env.imageRoots,
    settleMs: env.settleMs,
    inspect: inspector.inspect,
    inspected: inspector.inspected,
    exclusive: createExclusive(),
  };
  const intents = createIntents(path.join(env.stateDir, "intents"));
  const engine = createEngine({
    host,
    inspector,
    intents,
    journal: keeper,
    graceMs: env.graceMs,
    version,
    publish: (deployment) => emit(bus, "DeploymentChanged", deployment),
    outside: {
      load: keeper.deployed,
      save: keeper.keepDeployed,
      noted: (service) => emit(bus, "Noted", { service }),
      trace: readTrace,
    },
  });

  const left = await intents.all();
  for (const file of left.unreadable) console.error(`cannot read ${file}: set aside; the host is as it is`);
  const open = left.intents.map((intent) => ({ ...intent, deployment: keeper.newest(intent.deployment) }));
  const over = open.filter((intent) => intent.deployment.outcome !== null); // died between record and clean-up
  await keeper.closeUnfinished(open.map((intent) => intent.deployment.id));
  const recovery = engine.recover(open.filter((intent) => intent.deployment.outcome === null));
  await openDoor(bus, engine.methods, new Set([0, await uidOf("attache")]));
  console.log(`attache-engine ${version} answers as org.attache.Engine1`);
  await engine.follow(over.map((intent) => intent.deployment));
  for (const intent of over) await intents.remove(intent.plan.service);
  await recovery;
}

/** The web server's user; without one only root may ask. */
async function uidOf(user: string): Promise<number> {
  const line = (await readFile("/etc/passwd", "utf8")).split("\n").find((row) => row.startsWith(`${user}:`));
  return line ? Number(line.split(":")[2]) : 0;
}

const MIGRATIONS = path.join(import.meta.dirname, "migrations");

process.once("SIGTERM", () => process.exit(0));
main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
