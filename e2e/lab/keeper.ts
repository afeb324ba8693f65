/**
 * The process that holds one box: starts it, forwards ports to it, and takes everything down again when it is
 * told to (SIGTERM), when the guest powers off, or when its owner dies. The kernel kills the guest if the keeper is
 * killed (parent-death signal, then unshare's --kill-child); what is left on disk then falls to `lab down`.
 */
import { spawn } from "node:child_process";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { childOf, markOf, type ProcessMark, pause, waitUntil } from "./processes";
import { removeRemains, stopGuest } from "./remains";
import { type BoxState, boxDir, type Forward, PROJECT, readState, writeState } from "./state";

const here = (file: string) => join(__dirname, file);
const BOOT_MS = 30_000;

const name = process.argv[2] ?? "";
const spec = readState(name);
if (!spec) throw new Error(`no box is asked for under the name "${name}"`);
let state: BoxState = spec;
let ending = false;

process.on("SIGTERM", () => void end(0));
process.on("SIGINT", () => void end(0));
if (state.owned) process.stdin.on("end", () => void end(0)).resume();

boot().catch((error: unknown) => {
  console.error(error);
  void end(1);
});

async function boot(): Promise<void> {
  update({ keeper: markOf(process.pid) });
  mkdirSync(state.cgroup, { recursive: true });
  mkdirSync(join(boxDir(name), "ports"), { recursive: true });

  // Ports first: a taken one must be found before anything has to be undone.
  const forwards: Forward[] = [];
  for (const [index, forward] of state.forwards.entries())
    forwards.push(await listen(forward).catch((error: unknown) => listenElsewhere(error, forward, index)));
  if (forwards[0]) await holdIpv6(forwards[0]);
  update({ forwards });

  const outer = spawn("setpriv", ["--pdeathsig", "KILL", "sh", here("boot.sh"), "outside"], {
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...process.env,
      LAB_NAME: state.name,
      LAB_DIR: boxDir(name),
      LAB_CGROUP: state.cgroup,
      LAB_TREE: state.tree,
      LAB_UPPER: state.upper,
      LAB_NODE: state.node.binary,
      LAB_NODE_LIBRARY: state.node.library ?? "",
      LAB_PROJECT: PROJECT,
      LAB_PROJECT_RW: state.writableProject ? "1" : "",
    },
  });
  outer.on("exit", () => void end(1));
  const init = await initOf(outer.pid ?? 0);
  update({ init, device: deviceOf(init.pid) });
  // The helper must not sit in the guest's root cgroup, or the guest could not turn controllers on below it.
  writeFileSync(join(state.cgroup, "..", "cgroup.procs"), String(outer.pid));

  const ports = state.forwards.map((forward) => String(forward.guest));
  const relay = spawn(
    "setpriv",
    [
      "--pdeathsig",
      "KILL",
      "nsenter",
      `--net=/proc/${init.pid}/ns/net`,
      process.execPath,
      here("relay.mjs"),
      join(boxDir(name), "ports"),
      ...ports,
    ],
    { stdio: ["ignore", "inherit", "inherit"] },
  );
  process.on("exit", () => relay.kill("SIGKILL"));
}

/** PID 1 of the guest: the child of unshare, once it has become systemd. */
async function initOf(outerPid: number): Promise<ProcessMark> {
  let found: ProcessMark | null = null;
  const isUp = await waitUntil(() => {
    const pid = childOf(outerPid);
    if (pid === null) return false;
    try {
      // The bus socket exists only in the guest's own root, so this is true after pivot_root and not before.
      if (!statSync(`/proc/${pid}/root/run/dbus/system_bus_socket`).isSocket()) return false;
    } catch {
      return false;
    }
    found = deviceOf(pid) === deviceOf(process.pid) ? null : markOf(pid);
    return found !== null;
  }, BOOT_MS);
  if (!isUp || !found) throw new Error(`the guest has no system bus after ${BOOT_MS / 1000} s`);
  return found;
}

/** Two boxes may want the same port at the same moment; only the dashboard's own must be the one that was asked for. */
function listenElsewhere(error: unknown, forward: Forward, index: number): Promise<Forward> {
  const isTaken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
  if (!isTaken || index === 0) throw error;
  return listen({ ...forward, host: 0 });
}

/** Browsers take `localhost` for [::1] first: nobody else may be there to be handed the dashboard's link. */
async function holdIpv6(forward: Forward): Promise<void> {
  await listen(forward, "::1").catch((error: unknown) => {
    const code = error instanceof Error && "code" in error ? error.code : "";
    if (code !== "EADDRNOTAVAIL" && code !== "EAFNOSUPPORT") throw error; // a machine without IPv6
  });
}

/** Resolves with the ports as they came to be. */
function listen(asked: Forward, address = "127.0.0.1"): Promise<Forward> {
  let forward = asked;
  const server = createServer({ allowHalfOpen: true }, (outer) => {
    const inner = connect({ path: join(boxDir(name), "ports", String(forward.guest)), allowHalfOpen: true });
    couple(outer, inner);
    couple(inner, outer);
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(asked.host, address, () => {
      const bound = server.address();
      const host = bound && typeof bound === "object" ? bound.port : asked.host;
      forward = { host, guest: asked.guest || host };
      resolve(forward);
    });
  });
}

function couple(from: Socket, to: Socket): void {
  from.setNoDelay(true);
  from.pipe(to);
  from.on("error", () => to.destroy());
  from.on("close", (hadError) => hadError && to.destroy());
}

async function end(code: number): Promise<void> {
  if (ending) return;
  ending = true;
  await stopGuest(state);
  await pause(0);
  await removeRemains(state);
  process.exit(code);
}

function update(change: Partial<BoxState>): void {
  state = { ...state, ...change };
  writeState(state);
}

/** `major:minor` of a process's root file system, as losetup prints it. */
function deviceOf(pid: number): string {
  const { dev } = statSync(`/proc/${pid}/root/`);
  return `${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >> 12) & 0xfff00)}`;
}
