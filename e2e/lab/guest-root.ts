import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mustRun, run } from "./processes";
import { cacheDir, type Suite } from "./state";

const RECIPE = {
  version: 1,
  packages: [
    "systemd",
    "systemd-sysv",
    "systemd-container",
    "dbus",
    "libpam-systemd",
    "polkitd",
    "procps",
    "libstdc++6",
  ],
  /** Units that want real hardware or this machine's console. */
  masked: [
    "getty@.service",
    "serial-getty@.service",
    "console-getty.service",
    "container-getty@.service",
    "systemd-modules-load.service",
    "modprobe@.service",
    "systemd-udevd.service",
    "systemd-udevd-kernel.socket",
    "systemd-udevd-control.socket",
    "systemd-udev-trigger.service",
    "systemd-timesyncd.service",
    "systemd-networkd.service",
    "systemd-resolved.service",
    "systemd-pstore.service",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "sys-kernel-config.mount",
    "sys-fs-fuse-connections.mount",
    "dev-hugepages.mount",
    "dev-mqueue.mount",
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "e2scrub_all.timer",
    "fstrim.timer",
  ],
  loops: 256,
} as const;

/**
 * Directory of the base tree of one Debian release, built by mmdebstrap when it
 * is not there yet. Appears whole or not at all: it is built beside and renamed.
 */
export async function ensureGuestRoot(suite: Suite, say: (line: string) => void): Promise<string> {
  const stamp = createHash("sha256").update(JSON.stringify(RECIPE)).digest("hex").slice(0, 10);
  const tree = join(cacheDir(), "roots", `${suite}-${stamp}`);
  if (existsSync(tree)) return tree;

  const building = `${tree}.${process.pid}`;
  mkdirSync(join(cacheDir(), "roots"), { recursive: true });
  say(`Building a Debian ${suite} root with mmdebstrap (about half a minute, once)`);
  try {
    await mustRun(await mmdebstrap(suite, building), {
      onLine: (line) => line.startsWith("I: ") && say(`  ${line.slice(3)}`),
    });
    await prepare(building);
    if (!existsSync(tree)) renameSync(building, tree);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  return tree;
}

async function mmdebstrap(suite: Suite, target: string): Promise<string[]> {
  return [
    "mmdebstrap",
    "--variant=minbase",
    `--include=${RECIPE.packages.join(",")}`,
    // A mirror can lag behind, and testing's Release file then counts as expired.
    '--aptopt=Acquire::Check-Valid-Until "false"',
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    suite,
    target,
    await mirror(),
  ];
}

/** The Debian mirror this machine already uses. */
async function mirror(): Promise<string> {
  const targets = await run([
    "apt-get",
    "indextargets",
    "--format",
    "$(ORIGIN) $(LABEL) $(REPO_URI)",
    "Created-By: Packages",
  ]);
  const own = /^Debian Debian (\S+)$/m.exec(targets.stdout);
  return own?.[1] ?? "http://deb.debian.org/debian";
}

async function prepare(tree: string): Promise<void> {
  const inTree = (path: string) => join(tree, path);
  for (const unit of RECIPE.masked) {
    rmSync(inTree(`etc/systemd/system/${unit}`), { force: true });
    symlinkSync("/dev/null", inTree(`etc/systemd/system/${unit}`));
  }
  // Empty, not absent: PID 1 then makes an id for each box without calling it a first boot.
  writeFileSync(inTree("etc/machine-id"), "");
  rmSync(inTree("var/lib/dbus/machine-id"), { force: true });
  writeFileSync(inTree("etc/resolv.conf"), "");
  writeFileSync(inTree("etc/hosts"), "127.0.0.1 localhost\n::1 localhost\n");
  mkdirSync(inTree("etc/systemd/journald.conf.d"), { recursive: true });
  writeFileSync(
    inTree("etc/systemd/journald.conf.d/lab.conf"),
    "[Journal]\nSystemMaxUse=64M\nRateLimitBurst=0\n",
  );

  rmSync(inTree("dev/console"), { force: true }); // it would be this machine's console
  // Loop devices are numbered for the whole kernel, so a box needs a node for each number that may come up.
  const nodes: [string, string, number, number][] = [
    ["loop-control", "c", 10, 237],
    ["fuse", "c", 10, 229],
  ];
  for (let n = 0; n < RECIPE.loops; n++) nodes.push([`loop${n}`, "b", 7, n]);
  for (const [name, type, major, minor] of nodes) {
    rmSync(inTree(`dev/${name}`), { force: true });
    await mustRun(["mknod", "-m", "660", inTree(`dev/${name}`), type, String(major), String(minor)]);
  }
}
