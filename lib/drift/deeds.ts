import { basename } from "node:path";
import type { AttachedState, Difference } from "@/lib/drift/types";
import type { Message } from "@/lib/errors";
import { parseImageName } from "@/lib/images/name";
import { compareVersions } from "@/lib/images/version";

/** Something that was done to a service by others: one entry of the history. */
export interface Deed {
  readonly kind: "attach" | "upgrade" | "rollback" | "detach" | "reattach" | "change";
  readonly from: AttachedState | null;
  readonly to: AttachedState | null;
  readonly message: Message;
}

/**
 * What portabled was asked for between two looks; `null` when it was asked for
 * nothing. Its marker tells: each attach writes it anew, with the same text for
 * the same image, so one with another text was edited by hand.
 */
export function findSwitch(seen: AttachedState | null, now: AttachedState | null): Deed | null {
  if (!now) {
    if (!seen) return null;
    const params = { version: labelOf(seen.path), path: seen.path };
    return { kind: "detach", from: seen, to: null, message: { code: "detached-outside", params } };
  }
  const params = { version: labelOf(now.path), path: now.path };
  if (!seen) return { kind: "attach", from: null, to: now, message: { code: "attached-outside", params } };
  const [from, to] = [labelOf(seen.path), labelOf(now.path)];
  if (seen.path !== now.path) {
    const kind = compareVersions(to, from) < 0 ? "rollback" : "upgrade";
    const message = { code: "switched-outside", params: { from, to, path: now.path } };
    return { kind, from: seen, to: now, message };
  }
  if (!isWrittenAnew(seen, now)) return null;
  return { kind: "reattach", from: seen, to: now, message: { code: "reattached-outside", params } };
}

/** Changes that portabled had no part in and that were not there at the look before. */
export function findChanges(
  before: readonly Difference[],
  after: readonly Difference[],
  now: AttachedState | null,
): Deed[] {
  const known = new Set(before.map(keyOf));
  return after.flatMap((difference): Deed[] => {
    if (!BY_HAND.has(difference.code) || known.has(keyOf(difference))) return [];
    const { diff: _shownNow, ...params } = difference.params;
    return [{ kind: "change", from: now, to: now, message: { code: difference.code, params } }];
  });
}

/** What is different, but not how: a file that is edited twice is one difference. */
export function keyOf({ code, params }: Difference): string {
  return [code, params.file ?? "", params.path ?? "", params.to ?? ""].join("\0");
}

const BY_HAND: ReadonlySet<string> = new Set([
  "unit-edited",
  "unit-removed",
  "file-added",
  "image-replaced",
  "image-gone",
  "image-moved",
] satisfies Difference["code"][]);

function isWrittenAnew(seen: AttachedState, now: AttachedState): boolean {
  if (seen.location !== now.location || seen.extensions.join("\0") !== now.extensions.join("\0")) return true;
  return seen.attachedAt !== now.attachedAt && markersOf(seen) === markersOf(now);
}

function markersOf({ files }: AttachedState): string {
  const markers = Object.entries(files).filter(([file]) => file.endsWith("/20-portable.conf"));
  return markers
    .map(([file, { digest }]) => `${file} ${digest}`)
    .sort()
    .join("\n");
}

function labelOf(path: string): string {
  return parseImageName(basename(path))?.label ?? basename(path);
}
