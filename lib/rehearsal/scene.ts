import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { errorCode } from "@/lib/images/system-error";

/** What a version is rehearsed with. */
export interface Part {
  /** Unit files that are taken of the image; those that are no services are not rehearsed. */
  readonly units: readonly string[];
  readonly profile: string;
  readonly extensions: readonly string[];
}

/** Where PID 1 and portabled look, the strongest first; a value, so that a test may point it elsewhere. */
export interface ScenePaths {
  /** Directories of the host's own units and drop-ins. */
  readonly units: readonly string[];
  /** Directories that hold profiles. */
  readonly profiles: readonly string[];
}

export const SCENE_PATHS: ScenePaths = {
  units: [
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
  ],
  profiles: ["/etc", "/run", "/usr/local/lib", "/usr/lib"].map((top) => `${top}/systemd/portable/profile`),
};

/** Stands for everything beside the image that decides whether it mounts, so that a result is used no longer than that is true. */
export async function sceneKey(paths: ScenePaths, part: Part): Promise<string> {
  const services = part.units.filter((unit) => unit.endsWith(".service")).toSorted();
  const parts = await Promise.all([
    profileText(paths, part.profile),
    ...services.map(async (unit) => [unit, [...(await hostDropIns(paths, unit))]]),
    ...part.extensions.map(async (file) => [file, await stampOf(file)]),
  ]);
  return createHash("sha256")
    .update(JSON.stringify([part.profile, parts]))
    .digest("hex");
}

/** The drop-ins that PID 1 would read for a unit, in its order: those of the host, with the profile where portabled puts it. */
export async function dropInTexts(paths: ScenePaths, unit: string, profile: string): Promise<string[]> {
  const found = new Map(await hostDropIns(paths, unit));
  // A drop-in of the host of the same name takes the profile's place.
  if (!found.has(PROFILE_NAME)) found.set(PROFILE_NAME, await profileText(paths, profile));
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
}

const PROFILE_NAME = "10-profile.conf";

async function profileText({ profiles }: ScenePaths, profile: string): Promise<string> {
  if (!/^[\w.+-]+$/.test(profile)) return "";
  for (const directory of profiles) {
    const text = await readText(path.join(directory, profile, "service.conf"));
    if (text !== null) return text;
  }
  return "";
}

/** Drop-ins by file name. `service.d` is left out: it applies to the rehearsal by itself. */
async function hostDropIns({ units }: ScenePaths, unit: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const directory of units) {
    for (const name of namesFor(unit)) {
      const place = path.join(directory, `${name}.d`);
      const files = await readdir(place).catch((error: unknown) => {
        errorCode(error);
        return [];
      });
      for (const file of files.filter((one) => one.endsWith(".conf") && !found.has(one)))
        found.set(file, (await readText(path.join(place, file))) ?? "");
    }
  }
  return found;
}

/** `a-b@c.service` is also meant by `a-b@.service.d` and `a-.service.d` (systemd.unit(5)). */
function namesFor(unit: string): string[] {
  const end = unit.slice(unit.lastIndexOf("."));
  const whole = unit.slice(0, -end.length);
  const at = whole.indexOf("@");
  const prefix = at < 0 ? whole : whole.slice(0, at);
  const names = at < 0 ? [unit] : [unit, `${prefix}@${end}`];
  for (let dash = prefix.lastIndexOf("-"); dash > 0; dash = prefix.lastIndexOf("-", dash - 1))
    names.push(`${prefix.slice(0, dash + 1)}${end}`);
  return [...new Set(names)];
}

async function readText(file: string): Promise<string | null> {
  return readFile(file, "utf8").catch((error: unknown) => {
    errorCode(error);
    return null;
  });
}

async function stampOf(file: string): Promise<readonly number[] | null> {
  const facts = await stat(file).catch(() => null);
  return facts && [facts.dev, facts.ino, facts.size, facts.mtimeMs];
}
