// npm writes a lock that lacks the packages for other platforms when the registry at hand does not carry them, and
// `npm ci` then refuses it. This adds them, by name and version, as the packages that want them declare. `npm run lock`.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "./setup.mjs";

const SYSTEMS = [
  "aix",
  "android",
  "darwin",
  "freebsd",
  "linux",
  "netbsd",
  "openbsd",
  "openharmony",
  "sunos",
  "win32",
];
const PROCESSORS = [
  "arm",
  "arm64",
  "ia32",
  "loong64",
  "mips64el",
  "ppc64",
  "riscv64",
  "s390x",
  "wasm32",
  "x64",
];

const file = join(PROJECT, "package-lock.json");
const lock = JSON.parse(readFileSync(file, "utf8"));
const entries = Object.entries(lock.packages);
const added = {};

for (const [owner, { optionalDependencies = {}, dev, devOptional }] of entries) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    // Only exact versions can be written without asking the registry; platform packages always have one.
    if (isLocked(owner, name) || !/^\d+\.\d+\.\d+[^ |]*$/.test(version)) continue;
    const words = name.split(/[-/]/);
    const cpu = PROCESSORS.filter((processor) => words.includes(processor));
    const os = SYSTEMS.filter((system) => words.includes(system));
    // In npm's own order of keys, so that npm finds nothing to rewrite.
    added[`node_modules/${name}`] = {
      version,
      ...(cpu.length > 0 && { cpu }),
      ...((dev || devOptional) && { dev: true }),
      optional: true,
      ...(os.length > 0 && { os }),
    };
  }
}

const byPath = ([a], [b]) => (a < b ? -1 : a > b ? 1 : 0);
lock.packages = Object.fromEntries([...entries, ...Object.entries(added)].sort(byPath));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${Object.keys(added).length} packages added to package-lock.json`);

/** Whether `name` is found from `owner`, looking upwards as Node does. */
function isLocked(owner, name) {
  for (let at = owner; ; at = at.slice(0, Math.max(0, at.lastIndexOf("node_modules/") - 1))) {
    if (lock.packages[`${at ? `${at}/` : ""}node_modules/${name}`]) return true;
    if (!at) return false;
  }
}
