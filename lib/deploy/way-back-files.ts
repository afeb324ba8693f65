import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { lstat, mkdir, open, readdir, readFile, readlink, rename, rm, symlink } from "node:fs/promises";
import path from "node:path";
import { syncDirectory } from "@/lib/deploy/durable";
import type { WayBack } from "@/lib/deploy/intent";
import type { Plan } from "@/lib/deploy/plan";
import { hasUnit } from "@/lib/deploy/units";
import { readEnableLinks } from "@/lib/services/enabled";
import { isMarkerOf, markerNames } from "@/lib/services/marker";
import type { Attachment } from "@/lib/services/types";
import type { HostPaths, Location } from "@/lib/systemd/types";

/** Room for the way back on a disk that is full, bytes: more than the unit files of a service take. */
const RESERVE_BYTES = 64 * 1024;

/** A way back that is laid out, but not to be found under its name yet. */
export interface LaidOut {
  /** Completes it and gives it its name; durable when it returns. `newUnits`: what the new version has. */
  complete(newUnits: readonly string[]): Promise<void>;
}

/**
 * Lays out for `packaging/way-back` (which says what is in the directory) all
 * that puts an attachment back without portabled. It is found under its name
 * only once it is complete: a switch can be checked meanwhile.
 */
export async function layOutWayBack(
  directory: string,
  paths: HostPaths,
  plan: Plan,
  { attachment, running }: WayBack,
): Promise<LaidOut> {
  const location = attachment?.location ?? "persistent";
  const isTaken = (unit: string) =>
    isAnothers(path.join(paths.attached[location], unit), plan.to?.path ?? "");
  const files = attachment ? await filesOf(paths, attachment) : [];
  const aside = `${directory}.new`;
  await rm(aside, { recursive: true, force: true });
  await mkdir(path.join(aside, "files"), { recursive: true, mode: 0o700 });
  const newLinks = imagesOf(plan)
    .map((image) => path.join(linkDirectory(paths, location), path.basename(image)))
    .filter((link) => !files.includes(link));
  const rows = [
    `service ${plan.service}`,
    `attached ${paths.attached[location]}`,
    ...files.map((file, index) => `file ${index} ${file}`),
    ...running.map(({ unit, invocationId, hadFailed }) => `ran ${unit} ${hadFailed ? "-" : invocationId}`),
    ...(plan.to ? markerNames(plan.to.path).map((name) => `image ${name}`) : []),
    ...newLinks.map((link) => `link ${link}`),
  ];
  const writeList = (all: readonly string[]) =>
    write(path.join(aside, "list"), all.map((row) => `${row}\n`).join(""));
  await Promise.all([
    ...files.map((file, index) => copy(file, path.join(aside, "files", String(index)))),
    write(path.join(aside, "reserve"), Buffer.alloc(RESERVE_BYTES, 1)),
    writeList(rows),
  ]);
  await Promise.all([syncDirectory(path.join(aside, "files")), syncDirectory(aside)]);

  return {
    async complete(newUnits) {
      // What has such a name already is another service's, a template that both have perhaps.
      const gone = newUnits.filter((unit) => !attachment?.units.includes(unit) && !isTaken(unit));
      if (gone.length > 0) await writeList([...rows, ...gone.map((unit) => `gone ${unit}`)]);
      await rename(aside, directory);
      await syncDirectory(path.dirname(directory));
    },
  };
}

/** Whether something of another image lies there; an empty directory is what portabled left when it died. */
function isAnothers(file: string, image: string): boolean {
  if (!existsSync(file) && !isOccupied(`${file}.d`)) return false;
  const marker = `${file}.d/20-portable.conf`;
  return !existsSync(marker) || !isMarkerOf(readFileSync(marker, "utf8"), image);
}

/** Anything but an empty directory is. */
function isOccupied(directory: string): boolean {
  const facts = statSync(directory, { throwIfNoEntry: false });
  return facts !== undefined && (!facts.isDirectory() || readdirSync(directory).length > 0);
}

function imagesOf({ to }: Plan): string[] {
  return to ? [to.path, ...(to.layers ?? []).map((layer) => layer.path)] : [];
}

/** All that portabled wrote for an attachment, and the links that enable its units; drop-ins first, since PID 1 must find no unit without them. */
async function filesOf(paths: HostPaths, attachment: Attachment): Promise<string[]> {
  const directory = paths.attached[attachment.location];
  const dropIns = await Promise.all(
    attachment.units.map(async (unit) => {
      const names = await readdir(path.join(directory, `${unit}.d`)).catch(noneIfMissing);
      return names.map((name) => path.join(directory, `${unit}.d`, name));
    }),
  );
  const units = attachment.units.map((unit) => path.join(directory, unit));
  const enabling = (await readEnableLinks(paths)).filter(({ unit }) => hasUnit(attachment, unit));
  return [
    ...dropIns.flat(),
    ...units,
    ...(await imageLinks(paths, attachment)),
    ...enabling.map((link) => link.path),
  ];
}

/** Paths of portabled's links to the images of an attachment, which it makes in its search path; those that are there. */
export async function imageLinks(paths: HostPaths, attachment: Attachment): Promise<string[]> {
  const directory = linkDirectory(paths, attachment.location);
  const links = [attachment.path, ...attachment.extensions].map((image) =>
    path.join(directory, path.basename(image)),
  );
  const targets = await Promise.all(links.map((link) => readlink(link).catch(() => null)));
  return links.filter((_, index) => targets[index] !== null);
}

/** portabled's search path begins with where it keeps its links: `/etc/portables`, `/run/portables`. */
function linkDirectory(paths: HostPaths, location: Location): string {
  return paths.portables[location === "persistent" ? 0 : 1] ?? "";
}

async function copy(from: string, to: string): Promise<void> {
  const { mode, mtime } = await lstat(from);
  const target = await readlink(from).catch(() => null);
  if (target !== null) return symlink(target, to);
  await write(to, await readFile(from), mode & 0o7777, mtime);
}

async function write(file: string, text: string | Buffer, mode = 0o600, mtime?: Date): Promise<void> {
  const handle = await open(file, "w", mode);
  try {
    await handle.writeFile(text);
    await handle.chmod(mode); // what umask took
    if (mtime) await handle.utimes(mtime, mtime);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function noneIfMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === "ENOENT") return [];
  throw error;
}
