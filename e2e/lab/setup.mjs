// What every command does first: look whether this machine can do it, say what is missing, install that.
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join, resolve } from "node:path";
import { giveUp, say, step } from "./say.mjs";

export const PROJECT = resolve(import.meta.dirname ?? dirname(new URL(import.meta.url).pathname), "../..");

const BOX_PACKAGES = ["mmdebstrap", "squashfs-tools", "busybox-static"];
const COMPILER_PACKAGES = ["python3", "make", "g++"];

/** Ends the program with the whole list when this machine cannot hold a box. */
export async function requireBoxes({ port } = {}) {
  const missing = [];
  if (process.platform !== "linux") giveUp(["Linux is needed: a box is a set of Linux namespaces"]);
  if (process.getuid?.() !== 0)
    giveUp(["root is needed, for namespaces, mounts and loop devices: run it with sudo, or as root"]);
  if (!existsSync("/usr/bin/apt-get"))
    missing.push("Debian 12 or newer is needed: its package tools build the host in the box");
  const namespaces = spawnSync("unshare", [
    "--mount",
    "--pid",
    "--fork",
    "--uts",
    "--ipc",
    "--net",
    "--cgroup",
    "true",
  ]);
  if (namespaces.status !== 0) {
    missing.push(
      `new namespaces are refused (${String(namespaces.stderr ?? namespaces.error).trim()}): in a container, start it with --privileged`,
    );
  }
  missing.push(...cgroupProblems(), ...(await loopProblems()));
  if (port && !(await isPortFree(port)))
    missing.push(`port ${port} of localhost (127.0.0.1 or ::1) is taken: choose another one with --port N`);
  if (missing.length > 0) giveUp(missing);
}

export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    giveUp([`Node.js 20.19 or newer is needed, this is ${process.versions.node}`]);
}

/** Installs the Debian packages that are not there yet. */
export async function installDebianPackages({ browser = false, trace = false } = {}) {
  const wanted = [...BOX_PACKAGES];
  if (trace) wanted.push("strace");
  if (!existsSync(join(PROJECT, NATIVE))) wanted.push(...COMPILER_PACKAGES);
  if (browser && !["/usr/bin/chromium", process.env.CHROMIUM_PATH].some((path) => path && existsSync(path)))
    wanted.push("chromium");
  const missing = wanted.filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  say(`These Debian packages are missing and will be installed: ${missing.join(" ")}`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await step("Reading package lists", ["apt-get", "update", "-q"], { env });
  await step("Installing", ["apt-get", "install", "-q", "-y", "--no-install-recommends", ...missing], {
    env,
  });
}

/** Installs the npm packages of the lock file when node_modules does not hold them. */
export async function installNpmPackages() {
  if (isLockSatisfied()) return;
  say(
    "The npm packages of package-lock.json are missing or old and will be installed (the first time it compiles SQLite: some minutes)",
  );
  // With the headers at hand, node-gyp does not look for them on the network.
  const prefix = dirname(dirname(process.execPath));
  const env = existsSync(join(prefix, "include/node/node.h")) ? { npm_config_nodedir: prefix } : {};
  await step("Installing", ["npm", "ci", "--no-audit", "--no-fund"], { cwd: PROJECT, env });
}

const NATIVE = "node_modules/better-sqlite3/build/Release/better_sqlite3.node";

/** npm keeps what it installed in a second lock file; packages of other platforms are missing there rightly. */
function isLockSatisfied() {
  if (!existsSync(join(PROJECT, NATIVE))) return false;
  const packagesOf = (file) => JSON.parse(readFileSync(join(PROJECT, file), "utf8")).packages;
  try {
    const installed = packagesOf("node_modules/.package-lock.json");
    const wanted = Object.entries(packagesOf("package-lock.json")).filter(
      ([path, entry]) => path.startsWith("node_modules/") && !entry.link,
    );
    return wanted.every(([path, { version, optional }]) =>
      installed[path] ? installed[path].version === version : optional === true,
    );
  } catch {
    return false;
  }
}

function isInstalled(name) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own placeholder
  const { stdout } = spawnSync("dpkg-query", ["--show", "--showformat", "${Status}", name], {
    encoding: "utf8",
  });
  return stdout === "install ok installed";
}

function cgroupProblems() {
  const row = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .find((line) => line.includes(" - cgroup2 "));
  if (!row) return ["cgroup2 is not mounted: mount -t cgroup2 cgroup2 /sys/fs/cgroup"];
  const probe = join(row.split(" ")[4], `attache-lab-probe-${process.pid}`);
  try {
    mkdirSync(probe);
    rmdirSync(probe);
    return [];
  } catch (error) {
    return [
      `no cgroup can be made below ${dirname(probe)} (${error.code}): in a container, start it with --privileged`,
    ];
  }
}

async function loopProblems() {
  try {
    accessSync("/dev/loop-control", constants.R_OK | constants.W_OK);
  } catch {
    if (spawnSync("modprobe", ["loop"]).status !== 0) return ["loop devices are missing: modprobe loop"];
  }
  for (const name of ["overlay", "squashfs"]) {
    const known = () => readFileSync("/proc/filesystems", "utf8").includes(`\t${name}\n`);
    if (!known()) spawnSync("modprobe", [name]);
    if (!known()) return [`the kernel has no ${name} file system: modprobe ${name}`];
  }
  return [];
}

async function isPortFree(port) {
  const problems = await Promise.all(["127.0.0.1", "::1"].map((address) => listenProblem(port, address)));
  // Where there is no IPv6, nobody can be on its loopback address.
  return problems.every((code) => code === null || code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT");
}

function listenProblem(port, address) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", ({ code }) => resolve(code));
    server.listen(port, address, () => server.close(() => resolve(null)));
  });
}
