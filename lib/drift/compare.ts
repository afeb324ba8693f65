import { basename } from "node:path";
import { textDiff } from "@/lib/drift/text-diff";
import type { AttachedState, DeployedState, Difference, ImageState, Known } from "@/lib/drift/types";
import { parseImageName } from "@/lib/images/name";

/** What is true now. `movedTo`: where the attached image lies now, when it is not at its path. */
export interface Now {
  readonly attached: AttachedState | null;
  readonly movedTo: string | null;
}

/**
 * All that is not as it was deployed: first what portabled was asked for
 * (attached, detached, switched), then the image file, then each attached file.
 * Pure; which change it was that led there is for `findDeeds` to say.
 */
export function compareDeployed({ deployed, seen }: Known, now: Now): Difference[] {
  const { attached } = now;
  if (!attached) return deployed ? [detached(deployed)] : [];
  const isSamePath = deployed?.path === attached.path;
  return [
    ...compareAttached(deployed, attached),
    ...compareImage(isSamePath ? deployed : seen, attached, now.movedTo),
    ...compareFiles(seen, attached),
  ];
}

function compareAttached(deployed: DeployedState | null, now: AttachedState): Difference[] {
  const to = labelOf(now.path);
  if (!deployed) return [{ code: "attached-outside", params: { version: to, path: now.path } }];
  const found: Difference[] = [];
  if (deployed.path !== now.path)
    found.push({ code: "switched-outside", params: { from: labelOf(deployed.path), to, path: now.path } });
  if (deployed.profile !== now.profile)
    found.push({
      code: "profile-changed",
      params: { from: deployed.profile ?? "", to: now.profile ?? "" },
    });
  if (deployed.location !== now.location)
    found.push({ code: "location-changed", params: { from: deployed.location, to: now.location } });
  if (deployed.extensions.join("\0") !== now.extensions.join("\0"))
    found.push({
      code: "extensions-changed",
      params: { from: deployed.extensions.join(", "), to: now.extensions.join(", ") },
    });
  return found;
}

function compareImage(known: DeployedState | null, now: AttachedState, movedTo: string | null): Difference[] {
  const { path } = now;
  if (!now.image)
    return [
      movedTo === null
        ? { code: "image-gone", params: { path } }
        : { code: "image-moved", params: { path, to: movedTo } },
    ];
  if (!known?.image || known.path !== path || isSameImage(known.image, now.image)) return [];
  return [{ code: "image-replaced", params: { path } }];
}

/**
 * Whether it is still the file that it was. The device does not count: its
 * number may be another after each boot. What runs may write into a directory,
 * and then its size and time say nothing.
 */
function isSameImage(a: ImageState, b: ImageState): boolean {
  if (a.stamp.ino !== b.stamp.ino) return false;
  if (a.isDirectory && b.isDirectory) return true;
  return a.stamp.size === b.stamp.size && a.stamp.mtimeMs === b.stamp.mtimeMs;
}

function compareFiles(seen: AttachedState | null, now: AttachedState): Difference[] {
  if (!seen || seen.path !== now.path) return [];
  const files = [...new Set([...Object.keys(seen.files), ...Object.keys(now.files)])].sort();
  return files.flatMap((file): Difference[] => {
    const [old, fresh] = [seen.files[file], now.files[file]];
    if (!fresh) return [{ code: "unit-removed", params: { file } }];
    if (old?.digest === fresh.digest) return [];
    const isKnown = fresh.text !== null && (!old || old.text !== null);
    const diff = isKnown ? textDiff(old?.text ?? "", fresh.text ?? "") : "";
    return [{ code: old ? "unit-edited" : "file-added", params: { file, diff } }];
  });
}

function detached({ path }: DeployedState): Difference {
  return { code: "detached-outside", params: { version: labelOf(path), path } };
}

function labelOf(path: string): string {
  return parseImageName(basename(path))?.label ?? basename(path);
}
