import { readAccounts } from "@/lib/images/accounts";
import { collisionFindings } from "@/lib/images/collisions";
import { compareNewestFirst } from "@/lib/images/order";
import { type DirectoryScan, type Role, scanDirectory } from "@/lib/images/scan-directory";
import type { Finding, ImageVersion } from "@/lib/images/types";

export interface ScanPlaces {
  /** Directories that hold images; a trailing `/*` means each directory below. */
  readonly roots: readonly string[];
  /** portabled's search path, first hit wins. */
  readonly portables: readonly string[];
  /** Those of the search path where portabled keeps its own links. */
  readonly linkDirs?: readonly string[];
}

export interface Scan {
  /** By service, then newest first. No path twice. */
  readonly versions: readonly ImageVersion[];
  readonly findings: readonly Finding[];
  /** What was searched, as configured (`/srv/*`), existing or not. */
  readonly searched: readonly string[];
  /** Every directory whose entries matter, existing or not. */
  readonly watch: readonly string[];
}

/** Directories read before; the owner deletes those that changed. */
export type ScanCache = Map<string, DirectoryScan>;

const LINK_DIRS = ["/etc/portables", "/run/portables"];
/** Where os-release appears in a directory image, and on the way there. */
const OS_RELEASE_IN = ["", "/usr", "/usr/lib", "/etc"];
/** Directories read at once: enough to hide a slow disk, few enough for libuv's four threads. */
const AT_ONCE = 16;

/**
 * Finds every image below the places, without opening any: 10,000 files in 500
 * directories take about 100 ms. With a `cache` only directories that are not
 * in it are read. `onPlaces` gets the directories just before they are read, so
 * that whoever follows them misses nothing, and may still forget some. Never
 * throws: what cannot be read or understood is a finding.
 */
export async function scanImages(
  places: ScanPlaces,
  cache: ScanCache = new Map(),
  onPlaces: (directories: readonly string[]) => void = () => undefined,
): Promise<Scan> {
  const linkDirs = places.linkDirs ?? LINK_DIRS;
  const accounts = await readAccounts();
  const findings: Finding[] = [];
  const wanted = new Map<string, Role>();
  const watch = new Set<string>();

  const read = async (directory: string, role: Role) => {
    const key = `${role}:${directory}`;
    const scan = cache.get(key) ?? (await scanDirectory(directory, role, accounts));
    cache.set(key, scan);
    return scan;
  };

  const scans: DirectoryScan[] = [];
  for (const root of places.roots) {
    const parent = root.endsWith("/*") ? root.slice(0, -2) || "/" : null;
    if (parent === null) {
      wanted.set(root, "place");
      continue;
    }
    const scan = await read(parent, "parent");
    watch.add(parent);
    scans.push(scan);
    if (!scan.exists) findings.push({ code: "root-missing", params: { path: parent } });
    for (const directory of scan.below) wanted.set(directory, "place");
  }
  for (const directory of places.portables)
    wanted.set(directory, linkDirs.includes(directory) ? "links" : "place");

  onPlaces([...watch, ...wanted.keys()]);
  await eachLimited([...wanted], AT_ONCE, async ([directory, role]) => {
    const scan = await read(directory, role);
    watch.add(directory);
    scans.push(scan);
    if (!scan.exists && places.roots.includes(directory))
      findings.push({ code: "root-missing", params: { path: directory } });
  });

  for (const scan of scans) {
    findings.push(...scan.findings);
    for (const directory of scan.versioned) watch.add(directory);
    for (const directory of scan.unfinished)
      for (const place of OS_RELEASE_IN) watch.add(`${directory}${place}`);
  }
  const versions = withoutDoubles(scans.flatMap((scan) => scan.versions));
  return {
    versions,
    findings: sortFindings([...findings, ...collisionFindings(versions)]),
    searched: [...new Set([...places.roots, ...places.portables])],
    watch: [...watch].sort(),
  };
}

/** Drops what was read before of one directory. */
export function forgetDirectory(cache: ScanCache, directory: string): void {
  for (const [key, scan] of cache) {
    const isBelow = (image: string) => directory === image || directory.startsWith(`${image}/`);
    if (key.endsWith(`:${directory}`) || scan.versioned.includes(directory) || scan.unfinished.some(isBelow))
      cache.delete(key);
  }
}

/** One file found twice (a root inside another, a symlink beside its target) is one version. */
function withoutDoubles(versions: readonly ImageVersion[]): ImageVersion[] {
  const services = new Map<string, ImageVersion[]>();
  for (const version of versions) {
    const same = services.get(version.service);
    if (same) same.push(version);
    else services.set(version.service, [version]);
  }
  // Service by service: comparing versions is the dear part, and of 10,000 only 20 each have to be compared.
  return [...services.keys()]
    .sort(compareNames)
    .flatMap((name) => services.get(name)?.sort(compareNewestFirst) ?? [])
    .filter((version, index, all) => version.path !== all[index - 1]?.path);
}

function sortFindings(findings: readonly Finding[]): Finding[] {
  const key = (finding: Finding) => `${finding.params.path ?? finding.params.service ?? ""}\0${finding.code}`;
  const unique = new Map(
    findings.map((finding) => [
      `${key(finding)}\0${finding.params.other ?? finding.params.version ?? ""}`,
      finding,
    ]),
  );
  return [...unique.entries()].sort(([a], [b]) => compareNames(a, b)).map(([, finding]) => finding);
}

function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

async function eachLimited<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: Math.min(limit, items.length) }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}
