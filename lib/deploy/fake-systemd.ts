import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Host } from "@/lib/deploy/host";
import { createExclusive } from "@/lib/deploy/host";
import { AppError } from "@/lib/errors";
import type { Probe } from "@/lib/health/types";
import { parseImageName } from "@/lib/images/name";
import type {
  AttachOptions,
  Change,
  HostPaths,
  JobResult,
  JobVerb,
  Systemd,
  UnitStatus,
} from "@/lib/systemd/types";

/** How the units of a version behave, written into the stand-in image file. */
export interface FakeImage {
  readonly units: Readonly<Record<string, string>>;
  /** `dies`: started well, failed a moment later. `refuses`: the start job fails. */
  readonly behaviour?: "stays" | "dies" | "refuses";
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
  async getImageMetadata(file: string) {
    const image = await this.#read(file);
    return { osRelease: "ID=fake\n", units: image.units };
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
      await this.#remove(stemOf(file), options.location);
      if (mishap === "fails-after-detach") throw callFailed("org.freedesktop.DBus.Error.InvalidArgs");
      const updated = await this.#write(file, options, mishap === "half-attached" ? 1 : undefined);
      if (mishap === "half-attached") throw callFailed("org.freedesktop.DBus.Error.NoReply");
      const removed: Change[] = [];
      if (mishap === "takes-others") {
        await this.#remove("other", "persistent");
        removed.push({
          type: "unlink",
          path: path.join(this.paths.attached.persistent, "other.service"),
          source: "",
        });
      }
      return { removed, updated };
    });
  }

  async detachImage(file: string, location: AttachOptions["location"]) {
    return this.#change("detach", { matches: [], profile: "", location }, async () => {
      await stat(file);
      await this.#remove(stemOf(file), location);
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
  async disableUnits(units: readonly string[]) {
    this.calls.push(`disable ${units.join(" ")}`);
    const wants = path.join(this.paths.unitLinks.persistent, "multi-user.target.wants");
    for (const unit of units) await rm(path.join(wants, unit), { force: true });
  }
  async resetFailed() {}
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
      },
    };
  }

  async runJob(verb: JobVerb, name: string): Promise<JobResult> {
    this.calls.push(`${verb} ${name}`);
    if (verb === "stop") {
      this.units.delete(name);
      return "done";
    }
    const image = await this.#imageOf(name);
    if (!image) throw callFailed("org.freedesktop.systemd1.NoSuchUnit");
    const { behaviour } = await this.#read(image);
    this.#invocations++;
    const dieAt = behaviour === "dies" ? performance.now() + 10 : Number.POSITIVE_INFINITY;
    this.units.set(name, {
      active: behaviour === "refuses" ? "failed" : "active",
      invocation: this.#invocations,
      image,
      dieAt,
    });
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
    const { units } = await this.#read(file);
    for (const [unit, text] of Object.entries(units).slice(0, most)) {
      await mkdir(path.join(directory, `${unit}.d`), { recursive: true });
      await writeFile(
        path.join(directory, `${unit}.d`, "20-portable.conf"),
        `# Drop-in created for image '${file}', do not edit.\n`,
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

  async #remove(stem: string, location: AttachOptions["location"]): Promise<void> {
    const directory = this.paths.attached[location];
    for (const name of await readdir(directory))
      if (name.startsWith(`${stem}.`) || name.startsWith(`${stem}-`))
        await rm(path.join(directory, name), { recursive: true });
  }

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

  /** A file that is not JSON is what a broken image is to portabled. */
  async #read(file: string): Promise<FakeImage> {
    const text = await readFile(file, "utf8");
    if (!text.startsWith("{")) throw callFailed("org.freedesktop.DBus.Error.InvalidArgs");
    const image: FakeImage = JSON.parse(text);
    return image;
  }
}

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
    const file = path.join(root, "srv", name.split("_")[0] ?? "", `${name}.raw`);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify(image));
  }
  const systemd = new FakeSystemd(root, paths);
  return {
    root,
    systemd,
    paths,
    imageRoots: [path.join(root, "srv/*")],
    orders: { healthOf: () => ({ settleMs, probes }), marksOf: () => [], freezeOf: () => null },
    inspected: () => null,
    async inspect(version) {
      const { units } = await systemd.getImageMetadata(version.path);
      const facts = { osRelease: { ID: "fake" }, prefixes: [], units: Object.keys(units) };
      return { ok: true, path: version.path, stamp: version.stamp, at: 0, facts };
    },
    exclusive: createExclusive(),
  };
}

function stemOf(file: string): string {
  return parseImageName(path.basename(file))?.service ?? "";
}

function callFailed(name: string): AppError {
  return new AppError("call-failed", { name, text: "said the fake" });
}
