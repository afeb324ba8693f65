import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type Box, type BoxOptions, bootBox, downBox } from "../lab/box";
import { placeImage } from "../lab/fill";
import { bootHost } from "../lab/host";
import { buildImage, imageName } from "../lab/image";
import { cacheDir, type Suite } from "../lab/state";
import { type Before, judge, lookAtHost, WATCHED } from "./checker";
import { FAULTS_DIR, meetingPlace } from "./plan";
import { RESTING, SERVICES, versionsOf } from "./services";
import { readTree, restoreTree, type Tree } from "./tree";

export const SETTLE_MS = 1000;
const ENGINE = "/opt/attache/engine/engine.mjs";
const STATE = "/var/lib/attache";
const RUNTIME = "/run/attache";
const KEPT = [...WATCHED, "/etc/portables", "/run/portables"];
const DROP_IN = `[Service]\nRuntimeDirectory=${FAULTS_DIR.slice("/run/".length)}\nRuntimeDirectoryPreserve=yes\n`;

/** A host with services and the engine that can be struck, that is the same before each case. */
export class World {
  private undone: (() => Promise<unknown>)[] = [];

  private constructor(
    private current: Box,
    private readonly options: BoxOptions,
    private readonly golden: Tree,
  ) {}

  /** Boots and fills a host (about ten seconds); `engine`: the bundle that it runs. */
  static async create(name: string, suite: Suite, engine: string): Promise<World> {
    const options: BoxOptions = { name, suite, keep: true };
    const env = { ATTACHE_SETTLE_MS: SETTLE_MS, ATTACHE_GRACE_MS: 0 };
    const box = await bootHost({ ...options, empty: true, install: "engine-only", env });
    await placeImages(box);
    for (const service of SERVICES) {
      const first = service.specs[0];
      if (!service.attach || !first) continue;
      const image = `/srv/${service.name}/${first.service}_${first.version}.raw`;
      await box.mustExec(["portablectl", "attach", ...service.attach, image, first.service]);
    }
    const dropIn = box.rootPath("/etc/systemd/system/attache-engine.service.d");
    mkdirSync(dropIn, { recursive: true });
    writeFileSync(join(dropIn, "faults.conf"), DROP_IN);
    copyFileSync(engine, box.rootPath(ENGINE));
    await box.mustExec(["systemctl", "daemon-reload"]);
    const world = new World(box, options, readTree(box.rootPath(""), KEPT));
    await world.reset();
    return world;
  }

  get box(): Box {
    return this.current;
  }

  get place() {
    return meetingPlace(this.box.rootPath(""));
  }

  /** Every unit that is attached when a case begins. */
  get units(): string[] {
    return [...this.golden.keys()].flatMap((path) => {
      const [, name] = /\/system\.attached\/([^/]+\.service)$/.exec(path) ?? [];
      return name ? [name] : [];
    });
  }

  look(extra: readonly string[] = []): Promise<Before> {
    return lookAtHost(this.box, [...new Set([...this.units, ...extra])]);
  }

  /** From now on the engine's program is not there: whatever comes back, it is not the engine. */
  takeEngineAway(): void {
    renameSync(this.box.rootPath(ENGINE), this.box.rootPath(`${ENGINE}.away`));
  }

  /** Takes a service's one unit off the host, by its files: up to systemd 257 portablectl would take others with it. */
  async takeOff(unit: string, image: string): Promise<void> {
    await this.box.mustExec(["systemctl", "stop", unit]);
    for (const path of readTree(this.box.rootPath(""), KEPT).keys())
      if (path.split("/").some((part) => part === unit || part === `${unit}.d` || part === basename(image)))
        rmSync(this.box.rootPath(path), { force: true });
    await this.box.mustExec(["systemctl", "daemon-reload"]);
  }

  /** Something of this case that has to be undone once the engine is stopped; the newest comes first. */
  later(undo: () => Promise<unknown>): void {
    this.undone.unshift(undo);
  }

  /** Pulls the plug and boots again on the same disk; resolves when there is a bus. */
  async cutAndBoot(): Promise<void> {
    await this.box.cut();
    this.current = await bootBox({ ...this.options, until: "bus" });
  }

  /** Makes the host what it was, by plain means and without the engine; throws when it does not become it. */
  async reset(): Promise<void> {
    const { box } = this;
    const root = box.rootPath("");
    await box.exec(["systemctl", "is-system-running", "--wait"], { timeoutMs: 30_000 });
    // The engine, and whatever it may have armed against its own death.
    await box.exec(["systemctl", "stop", "attache-engine.service", "attache-*"]);
    for (const undo of this.undone.splice(0)) await undo();
    if (existsSync(box.rootPath(`${ENGINE}.away`)))
      renameSync(box.rootPath(`${ENGINE}.away`), box.rootPath(ENGINE));
    // What the engine remembers of earlier cases, marks of bad versions among it, is not to decide the next one.
    for (const directory of [STATE, RUNTIME, FAULTS_DIR]) {
      const there = existsSync(join(root, directory)) ? readdirSync(join(root, directory)) : [];
      for (const name of there) rmSync(join(root, directory, name), { recursive: true, force: true });
    }
    mkdirSync(join(root, FAULTS_DIR), { recursive: true });
    await placeImages(box);
    const changed = restoreTree(root, KEPT, this.golden);
    const now = await this.lookAtAll();
    if (changed.length > 0 || [...now.units.values()].some(({ needReload }) => needReload))
      await box.mustExec(["systemctl", "daemon-reload"]);
    await box.exec(["systemctl", "reset-failed"]);
    await this.restartWhatIsOff(await this.lookAtAll());
    const problems = this.problemsOfFirsts(await this.lookAtAll());
    if (problems.length > 0) throw new Error(`the host does not become what it was: ${problems.join("; ")}`);
  }

  async down(): Promise<void> {
    await World.remove(this.options.name);
  }

  /** Takes a host down for good, what it has written included. */
  static async remove(name: string): Promise<void> {
    await downBox(name);
    rmSync(join(cacheDir(), "boxes", name), { recursive: true, force: true });
  }

  private lookAtAll(): Promise<Before> {
    return this.look(SERVICES.flatMap(({ specs }) => specs.flatMap(({ units }) => Object.keys(units))));
  }

  /** Units that do not run, or run something else than what is attached. */
  private async restartWhatIsOff(now: Before): Promise<void> {
    const wanted = this.units;
    const isToRun = (unit: string) => wanted.includes(unit) && !RESTING.has(unit);
    const problems = this.problemsOfFirsts(now);
    const off = [...now.units.values()].filter(
      ({ unit, active, sub }) =>
        (isToRun(unit) ? sub !== "running" : active !== "inactive") ||
        problems.some((problem) => problem.includes(unit)),
    );
    if (off.length === 0) return;
    const units = off.map(({ unit }) => unit);
    const kept = units.filter(isToRun);
    const strange = units.filter((unit) => !isToRun(unit));
    // It may be one that does not listen when it is told to stop.
    await this.box.exec(["systemctl", "kill", "--signal=SIGKILL", ...units]);
    if (strange.length > 0) await this.box.exec(["systemctl", "stop", ...strange]);
    if (kept.length > 0) await this.box.exec(["systemctl", "restart", ...kept]);
    await this.box.exec(["systemctl", "reset-failed"]);
  }

  /** What speaks against every service being on its first version. */
  private problemsOfFirsts(now: Before): string[] {
    const before: Before = { files: this.golden, units: new Map() };
    const attached = SERVICES.filter(({ name, attach }) => attach !== null && name !== "my");
    return attached.flatMap(({ name }) => {
      const known = versionsOf(name);
      return judge(this.box, { allowed: known.slice(0, 1), known, before, rebooted: false }, now);
    });
  }
}

/** Every image at its place, and nothing beside them. */
async function placeImages(box: Box): Promise<void> {
  for (const service of new Set(SERVICES.map(({ name }) => name))) {
    const specs = SERVICES.filter(({ name }) => name === service).flatMap((one) => one.specs);
    const directory = `/srv/${service}`;
    mkdirSync(box.rootPath(directory), { recursive: true });
    const there = readdirSync(box.rootPath(directory));
    for (const spec of specs)
      if (!there.includes(imageName(spec))) placeImage(box, await buildImage(spec), directory);
    for (const stranger of there.filter((name) => !specs.some((spec) => imageName(spec) === name)))
      rmSync(join(box.rootPath(directory), stranger), { recursive: true, force: true });
  }
}
