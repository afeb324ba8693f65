import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import path from "node:path";
import type { Plan } from "@/lib/deploy/plan";
import { isMarkerOf } from "@/lib/services/marker";
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
  for (const { units, location } of attachments)
    for (const unit of units) {
      const file = path.join(paths.attached[location], unit);
      addDigest(files, file);
      for (const name of orMissing(() => readdirSync(`${file}.d`), [])) addDigest(files, `${file}.d/${name}`);
    }
  return files;
}

/**
 * Whether a first attach was cut short in the middle: portabled writes drop-ins
 * before their unit, and without the unit nothing counts as attached. Its marker
 * tells them from those of another service with a unit of the same name.
 */
export function isAnythingLeft(
  paths: HostPaths,
  { attachment, to }: Pick<Plan, "attachment" | "to">,
  units: readonly string[],
): boolean {
  const directory = paths.attached[attachment?.location ?? "persistent"];
  const markers = units.map((unit) => path.join(directory, `${unit}.d`, "20-portable.conf"));
  return markers.some((file) =>
    isMarkerOf(
      orMissing(() => readFileSync(file, "utf8"), ""),
      to?.path ?? "",
    ),
  );
}

/** Services whose files are not what they were, sorted. Files that are new do not count: they harm nobody. */
export function damagedServices(
  before: AttachedFiles,
  after: AttachedFiles,
  attachments: readonly Attachment[],
): Attachment[] {
  const changed = [...before].filter(([file, digest]) => after.get(file) !== digest).map(([file]) => file);
  const isOf = (unit: string) => (file: string) => file.endsWith(`/${unit}`) || file.includes(`/${unit}.d/`);
  return attachments
    .filter(({ units }) => units.some((unit) => changed.some(isOf(unit))))
    .sort((a, b) => a.service.localeCompare(b.service));
}

/** A digest, and by which marks of the file it is known to be still that of its bytes. */
const digests = new Map<string, { readonly stamp: string; readonly digest: string }>();

/** A file that was changed so lately might be changed again without any of its marks telling, ns. */
const FRESH_NS = 1_000_000_000n;

/**
 * Synchronous on purpose, as all of this lies in /etc and /run. A batch on a
 * host with hundreds of services compares every one of their files twice for
 * each of its own: bytes are read again only where a mark of the file differs,
 * and nothing but a change of the clock keeps `ctime` as it was.
 */
function addDigest(files: Map<string, string>, file: string): void {
  const facts = orMissing(() => lstatSync(file, { bigint: true }), null);
  if (facts?.isSymbolicLink()) {
    files.set(file, `-> ${orMissing(() => readlinkSync(file), "")}`);
    return;
  }
  if (!facts?.isFile()) {
    digests.delete(file);
    return;
  }
  const { dev, ino, size, mode, mtimeNs, ctimeNs } = facts;
  const stamp = [dev, ino, size, mode, mtimeNs, ctimeNs].join();
  const known = digests.get(file);
  if (known?.stamp === stamp) {
    files.set(file, known.digest);
    return;
  }
  const nowNs = BigInt(Date.now()) * 1_000_000n;
  const bytes = orMissing(() => readFileSync(file), null);
  if (!bytes) return;
  const digest = createHash("sha256").update(bytes).digest("hex");
  files.set(file, digest);
  if (ctimeNs < nowNs - FRESH_NS) digests.set(file, { stamp, digest });
  else digests.delete(file);
}

function orMissing<T, M>(read: () => T, missing: M): T | M {
  try {
    return read();
  } catch (error) {
    if (isMissing(error)) return missing;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
