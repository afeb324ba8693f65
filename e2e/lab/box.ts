import { spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nodeForGuests } from "./guest-node";
import { ensureGuestRoot } from "./guest-root";
import { cgroup2 } from "./machine";
import { type Ended, isAlive, mustRun, type RunOptions, run, waitUntil } from "./processes";
import { removeRemains, stopGuest } from "./remains";
import {
  type BoxState,
  boxDir,
  cacheDir,
  DEFAULT_SUITE,
  type Forward,
  keptFile,
  keptSuite,
  listBoxes,
  PROJECT,
  readState,
  type Suite,
  writeState,
} from "./state";

export interface BoxOptions {
  readonly name: string;
  readonly suite?: Suite;
  /** The dashboard's port, the same number inside and outside; default: a free one. */
  readonly port?: number;
  /** Further ports of the guest that shall be reachable; default: the same number outside, or a free one where that is taken. */
  readonly forwards?: readonly number[];
  /** What the guest writes is there again at the next boot. */
  readonly keep?: boolean;
  /** How far it has to have come: `bus` answers as soon as there is one. Default: all that starts at boot has started. */
  readonly until?: "bus" | "running";
  /** The box goes down when this process ends, however it ends. */
  readonly owned?: boolean;
  readonly writableProject?: boolean;
  readonly say?: (line: string) => void;
}

export interface ExecOptions extends RunOptions {
  /** Runs as this user of the guest; default root. */
  readonly user?: string;
}

const CUT_MS = 15_000;

/** A running host. All paths it takes are the guest's own. */
export class Box {
  constructor(private readonly state: BoxState) {}

  get name() {
    return this.state.name;
  }

  get suite() {
    return this.state.suite;
  }

  /** The guest's PID 1 as this machine sees it. */
  get pid(): number {
    if (!this.state.init) throw new Error(`box ${this.name} is not up`);
    return this.state.init.pid;
  }

  isUp(): boolean {
    return this.state.init !== null && isAlive(this.state.init);
  }

  get port(): number {
    return this.state.forwards[0]?.host ?? 0;
  }

  get baseUrl() {
    return `http://localhost:${this.port}`;
  }

  /** Where a port of the guest is reachable on this machine. */
  hostPort(guest: number): number {
    const found = this.state.forwards.find((forward) => forward.guest === guest);
    if (!found) throw new Error(`port ${guest} of box ${this.name} is not forwarded`);
    return found.host;
  }

  /** A guest path as this machine reaches it. Follows no symbolic link of the guest outwards unless it is absolute. */
  rootPath(path: string) {
    return `/proc/${this.pid}/root${path}`;
  }

  get busAddress() {
    return `unix:path=${this.rootPath("/run/dbus/system_bus_socket")}`;
  }

  /** Runs a program inside to its end. Does not throw for its exit code. */
  exec(argv: readonly string[], options: ExecOptions = {}): Promise<Ended> {
    return run([...this.enter(options.user), ...argv], options);
  }

  async mustExec(argv: readonly string[], options: ExecOptions = {}): Promise<string> {
    return await mustRun([...this.enter(options.user), ...argv], options);
  }

  /** What to put before a command so that it runs inside. */
  enter(user = "root"): string[] {
    const clean = [
      "env",
      "-i",
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "LANG=C.UTF-8",
      "HOME=/root",
      `TERM=${process.env.TERM ?? "dumb"}`,
    ];
    const into = [
      "nsenter",
      "-t",
      String(this.pid),
      "-m",
      "-u",
      "-i",
      "-n",
      "-p",
      "-C",
      "--root",
      "--wd",
      "--",
      ...clean,
    ];
    return user === "root" ? into : [...into, "runuser", "-u", user, "--"];
  }

  /** The link that opens a session, as the web server keeps it. */
  openLink(): string {
    return readFileSync(this.rootPath("/run/attache-web/link"), "utf8").trim();
  }

  /** From now on what is on this host is worth keeping; a kept host that never came this far is begun anew. */
  markKept(): void {
    if (this.state.keep) writeFileSync(keptFile(this.state.upper), this.suite);
  }

  async down(): Promise<void> {
    await downBox(this.name);
  }

  /** Everything that runs is killed in one moment, with PID 1. A kept host can be booted again. */
  async cut(): Promise<void> {
    process.kill(this.pid, "SIGKILL");
    if (!(await waitUntil(() => readState(this.name) === null, CUT_MS))) await this.down();
  }
}

/** Throws for what cannot be the name of a box (and so of a host, a directory and a cgroup). */
export function checkName(name: string): void {
  if (!/^[a-z][a-z0-9-]{0,40}$/.test(name))
    throw new Error(`"${name}" is no name for a box: lower-case letters, digits and dashes`);
}

/** Boots a host. Resolves when its system bus answers and systemd has finished starting. */
export async function bootBox(options: BoxOptions): Promise<Box> {
  const {
    name,
    suite = DEFAULT_SUITE,
    keep = false,
    until = "running",
    owned = true,
    writableProject = false,
    say = () => undefined,
  } = options;
  checkName(name);
  const old = readState(name);
  if (old?.keeper && isAlive(old.keeper)) throw new Error(`a box named "${name}" is already up`);
  if (old || existsSync(boxDir(name))) await downBox(name);

  const port = options.port ?? 0;
  const others = (options.forwards ?? []).map((guest): Forward => ({ host: guest, guest }));
  const forwards: Forward[] = [{ host: port, guest: port }, ...others];
  const upper = join(cacheDir(), "boxes", name);
  const kept = keep ? keptSuite(upper) : null;
  if (kept === null) rmSync(upper, { recursive: true, force: true });
  else if (kept !== suite) {
    throw new Error(`the host kept as "${name}" is ${kept}: use --suite ${kept}, or remove ${upper}`);
  }

  const tree = await ensureGuestRoot(suite, say);
  const node = await nodeForGuests(say);
  const cgroup = join(cgroup2(), `attache-lab-${name}`);
  writeState({
    name,
    suite,
    tree,
    node,
    upper,
    cgroup,
    forwards,
    keep,
    owned,
    writableProject,
    keeper: null,
    init: null,
    device: null,
  });
  startKeeper(name, owned);

  const box = await answering(name);
  if (until === "bus") return box;
  const state = await box.exec(["systemctl", "is-system-running", "--wait"], { timeoutMs: 60_000 });
  if (state.stdout.trim() !== "running") {
    const failed = await box.exec(["systemctl", "--failed", "--plain", "--no-legend"]);
    say(`The host came up "${state.stdout.trim()}": ${failed.stdout.trim()}`);
  }
  const tried = await box.exec(["node", "--version"]);
  if (tried.code !== 0) {
    await box.down();
    throw new Error(`this machine's Node does not run on ${suite}: ${tried.stderr.trim()}`);
  }
  return box;
}

/** A box that is up; `null` when there is none of that name. */
export function findBox(name: string): Box | null {
  const state = readState(name);
  return state?.init && isAlive(state.init) ? new Box(state) : null;
}

/** Takes a box down, or what a killed one left. Does nothing when there is none. */
export async function downBox(name: string): Promise<void> {
  const state = readState(name);
  if (!state) return rmSync(boxDir(name), { recursive: true, force: true });
  const { keeper } = state;
  if (keeper && isAlive(keeper)) {
    process.kill(keeper.pid, "SIGTERM");
    if (await waitUntil(() => !isAlive(keeper), 30_000)) return;
    process.kill(keeper.pid, "SIGKILL");
  }
  await stopGuest(state);
  await removeRemains(state);
}

export { listBoxes };

function startKeeper(name: string, owned: boolean): void {
  mkdirSync(boxDir(name), { recursive: true });
  const log = openSync(join(boxDir(name), "keeper.log"), "a");
  const keeper = spawn(
    process.execPath,
    ["--require", require.resolve("tsx/cjs"), join(__dirname, "keeper.ts"), name],
    {
      cwd: PROJECT,
      detached: true, // its own process group: Ctrl-C reaches only the command in the foreground
      stdio: [owned ? "pipe" : "ignore", log, log],
    },
  );
  keeper.unref();
  if (keeper.stdin && "unref" in keeper.stdin && typeof keeper.stdin.unref === "function")
    keeper.stdin.unref();
}

async function answering(name: string): Promise<Box> {
  let keeperSeen = false;
  let log = "";
  const up = await waitUntil(() => {
    const state = readState(name);
    log = readLog(name) || log; // a keeper that gives up takes its log with it
    if (!state) return keeperSeen; // its keeper gave up and cleaned
    keeperSeen ||= state.keeper !== null;
    if (keeperSeen && state.keeper && !isAlive(state.keeper)) return true;
    return state.init !== null;
  }, 40_000);
  const box = up ? findBox(name) : null;
  if (!box) {
    await downBox(name);
    throw new Error(`box "${name}" did not boot\n${log}`);
  }
  return box;
}

function readLog(name: string): string {
  const file = join(boxDir(name), "keeper.log");
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}
