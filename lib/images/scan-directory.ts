import { type Dirent, lstatSync, type Stats, statSync } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { Accounts } from "@/lib/images/accounts";
import { toImageVersion } from "@/lib/images/image-version";
import { parseImageName } from "@/lib/images/name";
import { errorCode } from "@/lib/images/system-error";
import type { Finding, ImageVersion } from "@/lib/images/types";

/**
 * What a directory is to the scan: `place` = images are expected in it;
 * `parent` = the `/x` of `/x/*`, whose directories are the places; `links` =
 * portabled's own links lie there, an image must not.
 */
export type Role = "place" | "parent" | "links";

/** One directory, read once. */
export interface DirectoryScan {
  readonly exists: boolean;
  readonly versions: readonly ImageVersion[];
  readonly findings: readonly Finding[];
  /** Directories below it that were no images, by full path: the places of a `parent`. */
  readonly below: readonly string[];
  /** `.v` directories that were read with it. */
  readonly versioned: readonly string[];
  /** Directories that may be images on their way: named like one, without os-release so far. */
  readonly unfinished: readonly string[];
}

/** Files that belong to an image or describe it and need no remark. */
const SIDECARS =
  /(?:\.(?:roothash|roothash\.p7s|verity|verity\.sig|sig|asc|sha256|sha512|nspawn)|^(?:SHA256SUMS.*|README.*|LICENSE.*|lost\+found))$/i;
/** Files that someone may well have meant as an image. */
const LOOKS_LIKE_IMAGE =
  /\.(?:img|iso|sqsh|squashfs|squash|sfs|erofs|ext4|qcow2|vmdk|raw\.(?:xz|gz|zst|bz2))$|\.raw[^/]*$/i;
/** More strays than this in one directory are told in one sentence. */
const MOST_STRAYS = 5;

/**
 * Looks for images directly in one directory: `*.raw`, directory images, what
 * lies in `.v` directories, and symlinks to any of these, which stand for the
 * file they lead to. Never throws: what cannot be read becomes a finding.
 */
export async function scanDirectory(path: string, role: Role, accounts: Accounts): Promise<DirectoryScan> {
  const found: Collected = {
    path,
    mode: 0,
    versions: [],
    findings: [],
    strays: [],
    below: [],
    versioned: [],
    unfinished: [],
  };
  let entries: Dirent[];
  try {
    found.mode = (await stat(path)).mode;
    entries = await readdir(path, { withFileTypes: true });
  } catch (error) {
    const reason = errorCode(error);
    const exists = reason !== "ENOENT" && reason !== "ENOTDIR";
    return {
      exists,
      versions: [],
      findings: exists ? [notReadable(path, reason)] : [],
      below: [],
      versioned: [],
      unfinished: [],
    };
  }

  const slow: Promise<void>[] = [];
  for (const entry of entries) {
    // Hidden files are uploads on their way (rsync, scp) and portabled's own temporary names.
    if (entry.name.startsWith(".")) continue;
    const file = join(path, entry.name);
    if (entry.isFile()) takeFile(file, role, accounts, found);
    else if (entry.isDirectory()) slow.push(takeDirectory(file, role, accounts, found));
    else if (entry.isSymbolicLink()) {
      if (role !== "links") slow.push(takeLink(file, role, accounts, found));
    } else if (role !== "parent") found.strays.push(file);
  }
  await Promise.all(slow);

  return {
    exists: true,
    versions: found.versions,
    findings: [...found.findings, ...strayFindings(path, found)],
    below: found.below.sort(),
    versioned: found.versioned.sort(),
    unfinished: found.unfinished.sort(),
  };
}

interface Collected {
  readonly path: string;
  /** Of the directory itself. */
  mode: number;
  readonly versions: ImageVersion[];
  readonly findings: Finding[];
  readonly strays: string[];
  readonly below: string[];
  readonly versioned: string[];
  readonly unfinished: string[];
}

function takeFile(file: string, role: Role, accounts: Accounts, found: Collected): void {
  if (!file.endsWith(".raw")) {
    if (role !== "parent" && !SIDECARS.test(basename(file))) found.strays.push(file);
    return;
  }
  try {
    // Synchronous on purpose: 10,000 of these take 50 ms, their promises would take three times as long.
    takeImage(file, "raw", lstatSync(file), role, accounts, found);
  } catch (error) {
    // The file may be gone since the directory was read; then there is nothing to tell.
    if (errorCode(error) !== "ENOENT" || file.includes("\ufffd")) found.findings.push(problemOf(file, error));
  }
}

async function takeDirectory(file: string, role: Role, accounts: Accounts, found: Collected): Promise<void> {
  try {
    if (file.endsWith(".v")) {
      const inner = await scanDirectory(file, role === "links" ? "links" : "place", accounts);
      found.versions.push(...inner.versions);
      found.findings.push(...inner.findings);
      found.versioned.push(file);
      found.unfinished.push(...inner.unfinished);
    } else if (holds(file, OS_RELEASE)) takeImage(file, "directory", lstatSync(file), role, accounts, found);
    else {
      found.below.push(file);
      if (role !== "links" && isNamedLikeImage(file) && !holds(file, EXTENSION_RELEASE)) {
        found.unfinished.push(file);
        // Beside the places a name like this may well be one of them, unless it begins to look like a host.
        if (role === "place" || holds(file, ["usr", "etc"]))
          found.findings.push({ code: "image-incomplete", params: { path: file } });
      }
    }
  } catch (error) {
    if (errorCode(error) !== "ENOENT") found.findings.push(problemOf(file, error));
  }
}

async function takeLink(link: string, role: Role, accounts: Accounts, found: Collected): Promise<void> {
  try {
    const file = await realpath(link);
    const facts = await stat(file);
    if (facts.isDirectory()) await takeDirectory(file, role, accounts, found);
    else if (!file.endsWith(".raw")) found.strays.push(link);
    else if (facts.isFile()) takeImage(file, "raw", facts, role, accounts, found);
    else found.strays.push(link);
  } catch (error) {
    // A link to nowhere is worth a sentence only where its name promises an image.
    if (role !== "parent" || link.endsWith(".raw")) found.findings.push(problemOf(link, error));
  }
}

function takeImage(
  file: string,
  kind: ImageVersion["kind"],
  facts: Stats,
  role: Role,
  accounts: Accounts,
  found: Collected,
): void {
  const name = parseImageName(basename(file));
  if (role === "links") {
    found.findings.push({
      code: "in-portables-link-dir",
      params: { path: file, ...(name ? { service: name.service } : {}) },
    });
  }
  if (!name) {
    found.findings.push({ code: "name-not-parsed", params: { path: file } });
    return;
  }
  const directory = dirname(file);
  const mode = directory === found.path ? found.mode : statSync(directory).mode;
  found.versions.push(toImageVersion(file, name, kind, facts, accounts, mode));
}

const OS_RELEASE = ["usr/lib/os-release", "etc/os-release"];
const EXTENSION_RELEASE = ["usr/lib/extension-release.d", "etc/extension-release.d"];

/** Stricter than what portabled takes: "data" parses too, but nobody waits for it to become an image. */
function isNamedLikeImage(directory: string): boolean {
  return /^v?\d/.test(parseImageName(basename(directory))?.label ?? "");
}

/** os-release(5) of a directory image may be an absolute symlink: what it leads to on this host is not asked. */
function holds(directory: string, places: readonly string[]): boolean {
  return places.some((place) => {
    try {
      // Most directories below a root hold none, and an error for each would cost more than the look itself.
      return lstatSync(join(directory, place), { throwIfNoEntry: false }) !== undefined;
    } catch (error) {
      if (errorCode(error) === "EACCES") return false;
      throw error;
    }
  });
}

/** Beside images every other file deserves a word; in a directory without any (a web site, say) only what looks like one. */
function strayFindings(directory: string, found: Collected): Finding[] {
  const strays =
    found.versions.length > 0 ? found.strays : found.strays.filter((file) => LOOKS_LIKE_IMAGE.test(file));
  if (strays.length > MOST_STRAYS)
    return [{ code: "not-an-image", params: { path: directory, count: strays.length } }];
  return strays.sort().map((path) => ({ code: "not-an-image", params: { path } }));
}

function problemOf(path: string, error: unknown): Finding {
  // A name with bytes that are no UTF-8 arrives mangled, and then no file of that name exists.
  return path.includes("\ufffd")
    ? { code: "name-not-parsed", params: { path } }
    : notReadable(path, errorCode(error));
}

function notReadable(path: string, reason: string): Finding {
  return { code: "not-readable", params: { path, reason } };
}

function join(directory: string, name: string): string {
  return directory === "/" ? `/${name}` : `${directory}/${name}`;
}
