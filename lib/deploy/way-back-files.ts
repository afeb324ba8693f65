import { lstat, mkdir, open, readdir, readFile, readlink, rename, rm, symlink } from "node:fs/promises";
import path from "node:path";
import type { WayBack } from "@/lib/deploy/intent";
import type { Plan } from "@/lib/deploy/plan";
import { hasUnit } from "@/lib/deploy/units";
import { readEnableLinks } from "@/lib/services/enabled";
import type { Attachment } from "@/lib/services/types";
import type { HostPaths, Location } from "@/lib/systemd/types";

/** Room for the way back on a disk that is full, bytes: more than the unit files of a service take. */
const RESERVE_BYTES = 64 * 1024;

/**
 * Writes down for `packaging/way-back` (which says what is in the directory)
 * all that puts an attachment back without portabled. Durable, and there under
 * its name, when it returns. `newUnits`: what the new version has.
 */
export async function writeWayBack(
  directory: string,
  paths: HostPaths,
  plan: Plan,
  wayBack: WayBack,
  newUnits: readonly string[],
): Promise<void> {
  const { attachment, running } = wayBack;
  const location = attachment?.location ?? "persistent";
  const files = attachment ? await filesOf(paths, attachment) : [];
  const gone = newUnits.filter((unit) => !attachment?.units.includes(unit));
  const newLink = plan.to && path.join(linkDirectory(paths, location), path.basename(plan.to.path));
  const ran = running.map(({ unit, invocationId, hadFailed }) => `${unit} ${hadFailed ? "-" : invocationId}`);

  const aside = `${directory}.new`;
  await rm(aside, { recursive: true, force: true });
  await mkdir(path.join(aside, "files"), { recursive: true, mode: 0o700 });
  await Promise.all([
    ...files.map((file, index) => copy(file, path.join(aside, "files", String(index)))),
    write(path.join(aside, "index"), lines(files.map((file, index) => `${index} ${file}`))),
    write(path.join(aside, "attached"), lines([paths.attached[location]])),
    write(path.join(aside, "service"), lines([plan.service])),
    write(path.join(aside, "running"), lines(ran)),
    write(path.join(aside, "gone"), lines(gone)),
    write(path.join(aside, "new-links"), lines(newLink && !files.includes(newLink) ? [newLink] : [])),
    write(path.join(aside, "reserve"), Buffer.alloc(RESERVE_BYTES, 1)),
  ]);
  await Promise.all([syncDirectory(path.join(aside, "files")), syncDirectory(aside)]);
  await rename(aside, directory);
  await syncDirectory(path.dirname(directory));
}

/** Makes what was renamed or made in a directory survive a power cut. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
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

/** portabled links every image that it attaches into its search path. */
async function imageLinks(paths: HostPaths, attachment: Attachment): Promise<string[]> {
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
  const handle = await open(file, "wx", mode);
  try {
    await handle.writeFile(text);
    await handle.chmod(mode); // what umask took
    if (mtime) await handle.utimes(mtime, mtime);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function lines(rows: readonly string[]): string {
  return rows.map((row) => `${row}\n`).join("");
}

function noneIfMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === "ENOENT") return [];
  throw error;
}
