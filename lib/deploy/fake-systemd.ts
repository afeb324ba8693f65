import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Host } from "@/lib/deploy/host";
import { createExclusive } from "@/lib/deploy/host";
import { AppError } from "@/lib/errors";
import type { Probe } from "@/lib/health/types";
import { layerFault } from "@/lib/images/layer-fit";
import { parseImageName } from "@/lib/images/name";
import { parseOsRelease } from "@/lib/images/os-release";
import type {
  AttachOptions,
  Change,
  HostPaths,
  JobResult,
  JobVerb,
  Layering,
  Systemd,
  UnitStatus,
} from "@/lib/systemd/types";

/** How the units of a version behave, written into the stand-in image file. */
export interface FakeImage {
  readonly units: Readonly<Record<string, string>>;
  /** `dies`: started well, failed a moment later. `refuses`: the start job fails. `hangs`: it never ends, and needs to be killed. */
  readonly behaviour?: "stays" | "dies" | "refuses" | "hangs";
  readonly diesAfterMs?: number;
  /** Makes it an extension: its release file. Such images lie in `opt`, outside the roots. */
  readonly release?: string;
}

type Mishap =
  | "lost-reply-before"
  | "lost-reply-after"
  | "fails-after-detach"
  | "fails-before"
  | "takes-others"
  | "half-attached";

interface FakeUnit {
  active: string;
  invocation: number;
  /** Image whose process runs. */
  image: string;
  dieAt: number;
}

/**
 * PID 1 and portabled in a temporary directory: real files where portabled
 * writes real files, and mishaps on cue that a host will not produce.
 */
export class FakeSystemd implements Systemd {
  readonly units = new Map<string, FakeUnit>();
  readonly calls: string[] = [];
  /** Type and triggers of units that are no plain daemons. */
  readonly kinds = new Map<string, { type?: string; triggeredBy?: string[] }>();
  /** What is attached cannot be changed. */
  isReadOnly = false;
  /** Transient timers that were started and not called off. */
  readonly timers = new Set<string>();
  /** Mishaps of the next calls that change what is attached, in order. */
  mishaps: (Mishap | null)[] = [];
  /** Called before each change of files, e.g. to break the image between check and reattach. */
  beforeChange: () => Promise<void> = async () => undefined;
  #invocations = 0;

  constructor(
    readonly root: string,
    readonly paths: HostPaths,
  ) {}

  async version() {
    return "257.1";
  }
  async profiles() {
    return ["default", "trusted"];
  }
  async getImageMetadata(file: string, _matches: readonly string[] = [], layering = NO_LAYERS) {
    const images = await this.#readAll(file, layering);
    const units = Object.assign({}, ...images.map((image) => image.units));
    if (layering.extensions.length === 0) return { osRelease: OS_RELEASE, units };
    const releases = layering.extensions.map((path, index) => [path, images[index + 1]?.release ?? ""]);
    return { osRelease: OS_RELEASE, units, extensionReleases: Object.fromEntries(releases) };
  }

  async attachImage(file: string, options: AttachOptions) {
    return this.#change("attach", options, async () => {
      const stem = stemOf(file);
      const active = [...this.units].some(
        ([name, unit]) => name.startsWith(stem) && unit.active === "active",
      );
      if (active && !options.force) throw callFailed("org.freedesktop.systemd1.UnitExists");
      return this.#write(file, options);
    });
  }

  async reattachImage(file: string, options: AttachOptions) {
    return this.#change("reattach", options, async (mishap) => {
      await stat(file);
      if (!(await this.#remove(stemsOf(file, options.layering?.extensions), options.location)))
        throw callFailed("org.freedesktop.systemd1.NoSuchUnit");
      if (mishap === "fails-after-detach") throw callFailed("org.freedesktop.DBus.Error.InvalidArgs");
      const updated = await this.#write(file, options, mishap === "half-attached" ? 1 : undefined);
      if (mishap === "half-attached") throw callFailed("org.freedesktop.DBus.Error.NoReply");
      const removed: Change[] = [];
      if (mishap === "takes-others") {
        await this.#remove(["other"], "persistent");
        removed.push({
          type: "unlink",
          path: path.join(this.paths.attached.persistent, "other.service"),
          source: "",
        });
      }
      return { removed, updated };
    });
  }

  async detachImage(
    file: string,
    location: AttachOptions["location"],
    extensions: readonly string[] = [],
  ): Promise<readonly Change[]> {
    return this.#change("detach", { matches: [], profile: "", location }, async () => {
      await Promise.all([file, ...extensions].map((one) => stat(one)));
      if (!(await this.#remove(stemsOf(file, extensions), location)))
        throw callFailed("org.freedesktop.systemd1.NoSuchUnit");
      return [];
    });
  }

  async reload() {
    this.calls.push("reload");
  }
  async enableUnits(units: readonly string[]) {
    this.calls.push(`enable ${units.join(" ")}`);
    const wants = path.join(this.paths.unitLinks.persistent, "multi-user.target.wants");
    await mkdir(wants, { recursive: true });
    for (const unit of units) await symlink(`/etc/${unit}`, path.join(wants, unit));
  }
  async holdUnit() {}
  async releaseUnit() {}
  async disableUnits(units: readonly string[]) {
    this.calls.push(`disable ${units.join(" ")}`);
    const wants = path.join(this.paths.unitLinks.persistent, "multi-user.target.wants");
    for (const unit of units) await rm(path.join(wants, unit), { force: true });
  }
  async resetFailed() {}
  async killUnit(unit: string) {
    this.calls.push(`kill ${unit}`);
  }
  async startTimer(name: string, _afterMs: number, writable: readonly string[] = []) {
    if (this.isReadOnly && writable.length > 0) throw new AppError("read-only", { path: writable.join() });
    this.timers.add(name);
  }
  async stopTimer(name: string) {
    this.timers.delete(name);
  }
  async unitsByPatterns() {
    return [];
  }
  async journal({ unit }: { unit: string }) {
    return [{ at: 1, priority: 3, unit, text: "it broke" }];
  }

  async unitStates(names: readonly string[]) {
    return Promise.all(names.map((name) => this.unitStatus(name)));
  }

  async unitStatus(name: string): Promise<UnitStatus> {
    const unit = this.units.get(name);
    if (unit && unit.active === "active" && performance.now() > unit.dieAt) unit.active = "failed";
    const isThere = await this.#imageOf(name);
    const active = unit?.active ?? "inactive";
    return {
      name,
      load: isThere ? "loaded" : "not-found",
      active,
      sub: active === "active" ? "running" : "dead",
      description: name,
      fileState: "static",
      fragmentPath: "",
      dropInPaths: [],
      needReload: false,
      conditionResult: true,
      invocationId: String(unit?.invocation ?? ""),
      since: null,
      triggeredBy: this.kinds.get(name)?.triggeredBy ?? [],
      triggers: [],
      service: {
        type: this.kinds.get(name)?.type ?? "simple",
        result: active === "failed" ? "exit-code" : "success",
        restarts: 0,
        mainPid: 1,
        startedAt: null,
        exitCode: 1,
        exitStatus: active === "failed" ? 1 : 0,
        rootImage: unit?.image ?? "",
        timeoutStartMs: null,
        timeoutStopMs: null,
        bindPaths: [],
        stateDirectories: [],
        cacheDirectories: [],
        logsDirectories: [],
        runtimeDirectories: [],
        configurationDirectories: [],
        dynamicUser: true,
        user: "",
        group: "",
        environmentFiles: [],
      },
    };
  }

  async runJob(verb: JobVerb, name: string, options: { signal?: AbortSignal } = {}): Promise<JobResult> {
    this.calls.push(`${verb} ${name}`);
    options.signal?.throwIfAborted();
    if (verb === "stop") {
      this.units.delete(name);
      return "done";
    }
    const image = await this.#imageOf(name);
    if (!image) throw callFailed("org.freedesktop.systemd1.NoSuchUnit");
    const images = await Promise.all(image.split(":").map((file) => this.#read(file)));
    const { behaviour, diesAfterMs = 10 } =
      images.find((one) => one.behaviour !== undefined && one.behaviour !== "stays") ?? {};
    this.#invocations++;
    const dieAt = behaviour === "dies" ? performance.now() + diesAfterMs : Number.POSITIVE_INFINITY;
    this.units.set(name, {
      active: ACTIVE[behaviour ?? "stays"],
      invocation: this.#invocations,
      image,
      dieAt,
    });
    if (behaviour === "hangs")
      await new Promise((_, reject) =>
        options.signal?.addEventListener("abort", () => reject(options.signal?.reason)),
      );
    return behaviour === "refuses" ? "failed" : "done";
  }

  async #change<T>(
    verb: string,
    options: AttachOptions,
    work: (mishap: Mishap | null) => Promise<T>,
  ): Promise<T> {
    await this.beforeChange();
    const mishap = this.mishaps.shift() ?? null;
    this.calls.push(options.force ? `${verb} --force` : verb);
    if (mishap === "fails-before") throw callFailed("org.freedesktop.DBus.Error.AccessDenied");
    if (mishap === "lost-reply-before") throw new AppError("bus-unreachable");
    const value = await work(mishap);
    if (mishap === "lost-reply-after") throw new AppError("timed-out");
    return value;
  }

  async #write(file: string, options: AttachOptions, most = 99): Promise<Change[]> {
    const directory = this.paths.attached[options.location];
    const { extensions, isRelaxed } = options.layering ?? NO_LAYERS;
    const [base, ...layers] = await this.#readAll(file, { extensions, isRelaxed });
    const isUnfit = layers.some((one) =>
      layerFault(parseOsRelease(OS_RELEASE), parseOsRelease(one.release ?? "")),
    );
    if (isUnfit) throw callFailed("System.Error.ESTALE");
    const units: FakeImage["units"] = Object.assign({}, base?.units, ...layers.map((one) => one.units));
    const body = extensions.map(
      (one) => `ExtensionImages=${one}${isRelaxed ? ":x-systemd.relax-extension-release-check" : ""}\n`,
    );
    for (const [unit, text] of Object.entries(units).slice(0, most)) {
      await mkdir(path.join(directory, `${unit}.d`), { recursive: true });
      await writeFile(
        path.join(directory, `${unit}.d`, "20-portable.conf"),
        `# Drop-in created for image '${[file, ...extensions].join(":")}', do not edit.\n${body.join("")}`,
      );
      await rm(path.join(directory, `${unit}.d`, "10-profile.conf"), { force: true });
      await symlink(
        `/usr/lib/systemd/portable/profile/${options.profile}/service.conf`,
        path.join(directory, `${unit}.d`, "10-profile.conf"),
      );
      await writeFile(path.join(directory, unit), text);
    }
    return [];
  }

  /** Takes off what has these stems in this order; whether there was anything. */
  async #remove(stems: readonly string[], location: AttachOptions["location"]): Promise<boolean> {
    const directory = this.paths.attached[location];
    let isFound = false;
    for (const unit of (await readdir(directory)).filter((name) => !name.endsWith(".d"))) {
      const images = (await this.#imageOf(unit))?.split(":") ?? [];
      if (images.map(stemOf).join() !== stems.join()) continue;
      isFound = true;
      for (const name of [unit, `${unit}.d`]) await rm(path.join(directory, name), { recursive: true });
    }
    return isFound;
  }

  /** Image and extensions of a unit, joined as in the marker line. */
  async #imageOf(unit: string): Promise<string | null> {
    for (const directory of Object.values(this.paths.attached)) {
      const text = await readFile(path.join(directory, `${unit}.d`, "20-portable.conf"), "utf8").catch(
        () => "",
      );
      const file = /'(.+)'/.exec(text)?.[1];
      if (file) return file;
    }
    return null;
  }

  #readAll(file: string, { extensions }: Layering): Promise<FakeImage[]> {
    return Promise.all([file, ...extensions].map((one) => this.#read(one)));
  }

  /** A file that is not JSON is what a broken image is to portabled. */
  async #read(file: string): Promise<FakeImage> {
    const text = await readFile(file, "utf8").catch(() => null);
    if (text === null) throw new AppError("not-found", { path: file });
    if (!text.startsWith("{")) throw callFailed("org.freedesktop.DBus.Error.InvalidArgs");
    const image: FakeImage = JSON.parse(text);
    return image;
  }
}

/** What a unit is once its start job is over, or hangs. */
const ACTIVE = { stays: "active", dies: "active", refuses: "failed", hangs: "deactivating" } as const;

/** A host in a temporary directory with image files for each `service_version`. */
export async function createFakeHost(
  images: Readonly<Record<string, FakeImage>>,
  settleMs = 60,
  probes: readonly Probe[] = [],
): Promise<Host & { systemd: FakeSystemd; root: string }> {
  const root = await mkdtemp(path.join(tmpdir(), "attache-fake-"));
  const paths: HostPaths = {
    attached: {
      persistent: path.join(root, "etc/system.attached"),
      runtime: path.join(root, "run/system.attached"),
    },
    portables: [],
    unitLinks: { persistent: path.join(root, "etc/system"), runtime: path.join(root, "run/system") },
  };
  await Promise.all(
    [...Object.values(paths.attached), ...Object.values(paths.unitLinks)].map((directory) =>
      mkdir(directory, { recursive: true }),
    ),
  );
  for (const [name, image] of Object.entries(images)) {
    const directory = image.release === undefined ? path.join("srv", name.split("_")[0] ?? "") : "opt";
    const file = path.join(root, directory, `${name}.raw`);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify(image));
  }
  const systemd = new FakeSystemd(root, paths);
  return {
    root,
    systemd,
    paths,
    imageRoots: [path.join(root, "srv/*")],
    stateDir: root,
    orders: { healthOf: () => ({ settleMs, probes }), marksOf: () => [], freezeOf: () => null },
    inspected: () => null,
    async inspect(version) {
      const { units } = await systemd.getImageMetadata(version.path);
      const facts = { osRelease: { ID: "fake" }, prefixes: [], units: Object.keys(units) };
      return { ok: true, path: version.path, stamp: version.stamp, at: 0, facts };
    },
    rehearsed: () => null,
    rehearse: async ({ path: file, stamp }) => ({ path: file, stamp, key: "", at: 0, verdict: "mounts" }),
    rehearseAhead: async () => undefined,
    exclusive: createExclusive(),
  };
}

const OS_RELEASE = "ID=fake\nVERSION_ID=1\nSYSEXT_LEVEL=1\n";
const NO_LAYERS: Layering = { extensions: [], isRelaxed: false };

function stemsOf(file: string, extensions: readonly string[] = []): string[] {
  return [file, ...extensions].map(stemOf);
}

function stemOf(file: string): string {
  return parseImageName(path.basename(file))?.service ?? "";
}

function callFailed(name: string): AppError {
  return new AppError("call-failed", { name, text: "said the fake" });
}
