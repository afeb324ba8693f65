import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Now } from "@/lib/drift/compare";
import type { AttachedFile, AttachedState, ImageState } from "@/lib/drift/types";
import { scanImages } from "@/lib/images/scan";
import { errorCode } from "@/lib/images/system-error";
import { readAttachments } from "@/lib/services/attached";
import type { Attachment } from "@/lib/services/types";
import type { HostPaths } from "@/lib/systemd/types";

/** A unit file of honest size; of anything longer only the digest is kept. */
const MOST_TEXT = 16 * 1024;

/** Where to look. */
export interface Places {
  readonly paths: HostPaths;
  readonly imageRoots: readonly string[];
  /** The name of this boot, see `readBootId`. */
  readonly boot: string;
}

export interface StateReader {
  /** What is attached now: of every service, or of those named. Files that are the same as last time are not read again. */
  read(services?: ReadonlySet<string>): Promise<ReadonlyMap<string, AttachedState>>;
  /** Where an image lies that is gone from its path: by device and inode, or by name, size and time. */
  findMoved(known: AttachedState): Promise<string | null>;
}

export function createStateReader({ paths, imageRoots, boot }: Places): StateReader {
  const cache = new Map<string, { stamp: string; file: AttachedFile }>();

  /** Synchronous on purpose, as all of this lies in /etc and /run: it takes a tenth of the time. */
  const readOne = (file: string): AttachedFile | null => {
    try {
      const facts = lstatSync(file);
      if (facts.isSymbolicLink()) {
        const target = `-> ${readlinkSync(file)}`;
        return { digest: target, text: target };
      }
      if (!facts.isFile()) return null;
      const stamp = `${facts.dev}:${facts.ino}:${facts.size}:${facts.mtimeMs}:${facts.ctimeMs}`;
      const kept = cache.get(file);
      if (kept?.stamp === stamp) return kept.file;
      const bytes = readFileSync(file);
      const text = bytes.length <= MOST_TEXT ? bytes.toString("utf8") : null;
      const fresh = { digest: createHash("sha256").update(bytes).digest("hex"), text };
      cache.set(file, { stamp, file: fresh });
      return fresh;
    } catch (error) {
      errorCode(error); // it went away meanwhile: then it is not there
      return null;
    }
  };

  const readState = async ({ service: _name, ...attachment }: Attachment): Promise<AttachedState> => {
    const directory = paths.attached[attachment.location];
    const names = attachment.units.flatMap((unit) => filesOf(directory, unit));
    const found = names.flatMap((name) => {
      const file = readOne(join(directory, name));
      return file ? [[name, file] as const] : [];
    });
    return {
      ...attachment,
      image: await readImage(attachment.path),
      files: Object.fromEntries(found),
      ...(attachment.location === "runtime" ? { boot } : {}),
    };
  };

  return {
    async read(services) {
      const { attachments } = await readAttachments(paths);
      // Of several under one name the first counts, as everywhere.
      const wanted = new Map<string, Attachment>();
      for (const one of attachments)
        if (!wanted.has(one.service) && (services?.has(one.service) ?? true)) wanted.set(one.service, one);
      const states = await Promise.all(
        [...wanted].map(async ([service, one]) => [service, await readState(one)] as const),
      );
      return new Map(states);
    },

    async findMoved({ path, image }) {
      if (!image) return null;
      const { versions } = await scanImages({ roots: imageRoots, portables: paths.portables });
      const elsewhere = versions.filter((version) => version.path !== path);
      const isSameInode = ({ stamp }: (typeof versions)[number]) =>
        stamp.dev === image.stamp.dev &&
        stamp.ino === image.stamp.ino &&
        stamp.mtimeMs === image.stamp.mtimeMs;
      const name = path.slice(dirname(path).length);
      const isCopy = (version: (typeof versions)[number]) =>
        version.path.endsWith(name) &&
        version.stamp.size === image.stamp.size &&
        version.stamp.mtimeMs === image.stamp.mtimeMs;
      return (elsewhere.find(isSameInode) ?? elsewhere.find(isCopy))?.path ?? null;
    },
  };
}

/** What is true of one service, given all that is attached. */
export async function nowOf(
  reader: StateReader,
  attached: AttachedState | null,
  seen: AttachedState | null,
): Promise<Now> {
  const isGone = attached !== null && attached.image === null && seen?.path === attached.path;
  return { attached, movedTo: isGone ? await reader.findMoved(seen) : null };
}

function filesOf(directory: string, unit: string): string[] {
  return [unit, ...dropInsOf(join(directory, `${unit}.d`)).map((name) => `${unit}.d/${name}`)];
}

function dropInsOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    errorCode(error); // none, or not any more
    return [];
  }
}

async function readImage(path: string): Promise<ImageState | null> {
  try {
    const facts = await stat(path);
    const { dev, ino, size, mtimeMs } = facts;
    return { stamp: { dev, ino, size, mtimeMs }, isDirectory: facts.isDirectory() };
  } catch (error) {
    errorCode(error);
    return null;
  }
}
