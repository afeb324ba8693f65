import { createHash } from "node:crypto";
import { readdir, readFile, readlink } from "node:fs/promises";
import path from "node:path";
import type { Attachment } from "@/lib/services/types";
import type { HostPaths } from "@/lib/systemd/types";

/** Digest of each attached file, by path; for a link, of its target. */
export type AttachedFiles = ReadonlyMap<string, string>;

/**
 * Reads every file that portabled wrote for the given attachments: unit files
 * and their drop-in directories. portabled's matching is known to hit other
 * services than the one that was named, so this is taken before each call and
 * compared after it.
 */
export async function readAttachedFiles(
  paths: HostPaths,
  attachments: readonly Attachment[],
): Promise<AttachedFiles> {
  const files = new Map<string, string>();
  await Promise.all(
    attachments.flatMap((attachment) =>
      attachment.units.map(async (unit) => {
        const directory = paths.attached[attachment.location];
        await addDigest(files, path.join(directory, unit));
        const dropIns = path.join(directory, `${unit}.d`);
        for (const name of await readdir(dropIns).catch(noneIfMissing))
          await addDigest(files, path.join(dropIns, name));
      }),
    ),
  );
  return files;
}

/** Services whose files are not what they were, sorted. Files that are new do not count: they harm nobody. */
export function damagedServices(
  before: AttachedFiles,
  after: AttachedFiles,
  attachments: readonly Attachment[],
): Attachment[] {
  return attachments
    .filter((attachment) =>
      [...before].some(
        ([file, digest]) =>
          attachment.units.some((unit) => file.endsWith(`/${unit}`) || file.includes(`/${unit}.d/`)) &&
          after.get(file) !== digest,
      ),
    )
    .sort((a, b) => a.service.localeCompare(b.service));
}

async function addDigest(files: Map<string, string>, file: string): Promise<void> {
  const target = await readlink(file).catch(() => null);
  if (target !== null) {
    files.set(file, `-> ${target}`);
    return;
  }
  const bytes = await readFile(file).catch(noneIfMissing);
  if (Buffer.isBuffer(bytes)) files.set(file, createHash("sha256").update(bytes).digest("hex"));
}

function noneIfMissing(error: NodeJS.ErrnoException): [] {
  if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
  throw error;
}
