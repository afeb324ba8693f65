import { lstat, open, readdir } from "node:fs/promises";
import path from "node:path";
import { hasUnit } from "@/lib/deploy/units";
import { readEnableLinks } from "@/lib/services/enabled";
import type { Attachment } from "@/lib/services/types";
import type { HostPaths } from "@/lib/systemd/types";

/**
 * Makes what portabled and PID 1 wrote for an attachment survive a power cut:
 * they do not wait for the disk, and a file that is new would come back empty.
 * To be called before the way back is given up. What lasts until a reboot is
 * left alone, and what is gone needs no flush: portabled removes its directory
 * with the last attachment. Throws what the disk throws.
 */
export async function syncAttached(
  paths: HostPaths,
  attachment: Pick<Attachment, "location" | "units">,
): Promise<void> {
  const { location, units } = attachment;
  if (location === "runtime") return;
  const directory = paths.attached[location];
  const enabling = (await readEnableLinks(paths)).filter(({ unit }) => hasUnit(attachment, unit));
  const directories = new Set([
    path.dirname(directory),
    directory,
    ...enabling.map((link) => path.dirname(link.path)),
  ]);
  for (const unit of units) {
    const file = path.join(directory, unit);
    const names = await readdir(`${file}.d`).catch(noneIfMissing);
    for (const one of [file, ...names.map((name) => path.join(`${file}.d`, name))])
      if ((await lstat(one).catch(nullIfMissing))?.isFile()) await sync(one).catch(nullIfMissing);
    if (names.length > 0) directories.add(`${file}.d`);
  }
  for (const one of directories) await syncDirectory(one).catch(nullIfMissing);
}

/** Makes what was renamed, made or removed in a directory survive a power cut. Throws what the disk throws. */
export async function syncDirectory(directory: string): Promise<void> {
  await sync(directory);
}

async function sync(place: string): Promise<void> {
  const handle = await open(place, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function noneIfMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
  throw error;
}

function nullIfMissing(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT") return null;
  throw error;
}
