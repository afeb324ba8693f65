import type { LayerChange, LayerRef, Refusal, VersionRef } from "@/lib/deploy/types";
import type { ImageVersion } from "@/lib/images/types";
import { compareVersions } from "@/lib/images/version";
import type { Layer, Service } from "@/lib/services/types";

type PlannedLayers =
  | {
      readonly ok: true;
      /** Every extension as it is to be, in portabled's order. */
      readonly to: readonly LayerRef[];
      /** Whether the first one that changes becomes older (negative) or newer; `null` = none changes. */
      readonly order: number | null;
    }
  | { readonly ok: false; readonly refusal: Refusal };

/**
 * Decides which extensions lie on the image after a switch: those of now, but
 * for the stems that `wanted` gives another version. Their files have to be
 * there, the replaced ones too, or there would be no way back.
 */
export function planLayers(
  now: Pick<Service, "name" | "layers">,
  wanted: Readonly<Record<string, string>>,
): PlannedLayers {
  const no = (code: Refusal["code"], params: Refusal["params"]) =>
    ({ ok: false, refusal: { code, params } }) as const;
  const lost = now.layers.find((layer) => !isThere(layer));
  if (lost) return no("layer-missing", { service: now.name, path: lost.path });

  const to = new Map(now.layers.map((layer) => [layer.path, toLayerRef(layer)]));
  let order: number | null = null;
  for (const [stem, label] of Object.entries(wanted)) {
    const [layer, ...alike] = now.layers.filter((one) => one.stem === stem);
    if (!layer) return no("unknown-layer", { service: now.name, layer: stem });
    if (alike.length > 0) return no("layers-alike", { layer: stem });
    const [version, ...others] = layer.versions.filter((one) => one.label === label);
    if (!version) return no("unknown-version", { service: stem, version: label });
    if (layer.label === label) continue;
    if (others.length > 0)
      return no("ambiguous-version", {
        version: label,
        paths: [version, ...others].map(({ path }) => path).join(", "),
      });
    const open = writablePath(version);
    if (open !== null) return no("writable-by-others", { path: open });
    const { size, mtimeMs } = version.stamp;
    to.set(layer.path, { stem, label, path: version.path, size, mtimeMs });
    order ??= compareVersions(label, layer.label);
  }
  return { ok: true, to: [...to.values()], order };
}

/** Where anyone on the host could put other bytes in the place of an image: the file, or its directory unless it is sticky. */
export function writablePath({ path, mode, directoryMode = 0 }: ImageVersion): string | null {
  if ((mode & 0o002) !== 0) return path;
  return (directoryMode & 0o1002) === 0o002 ? path.slice(0, path.lastIndexOf("/")) || "/" : null;
}

/** A layer as a deployment keeps it. */
export function toLayerRef({ stem, label, path, versions }: Layer): LayerRef {
  const stamp = versions.find((version) => version.path === path)?.stamp;
  return { stem, label, path, size: stamp?.size ?? 0, mtimeMs: stamp?.mtimeMs ?? 0 };
}

/** Which extensions differ between two ends of a deployment (all, where it ends detached), ready to be spread into its summary. */
export function layerChanges(
  from: Pick<VersionRef, "layers"> | null,
  to: Pick<VersionRef, "layers"> | null,
): { layers?: readonly LayerChange[] } {
  const layers = (from?.layers ?? []).flatMap((old, index) => {
    const next = to?.layers?.[index] ?? null;
    return next?.path === old.path ? [] : [{ stem: old.stem, from: old.label, to: next?.label ?? null }];
  });
  return layers.length > 0 ? { layers } : {};
}

/** What was asked for beside the image: the versions of those extensions that change, by stem. */
export function wantedLayers(
  from: VersionRef | null,
  to: VersionRef | null,
): Readonly<Record<string, string>> {
  return Object.fromEntries((layerChanges(from, to).layers ?? []).map((one) => [one.stem, one.to ?? ""]));
}

function isThere({ path, versions }: Layer): boolean {
  return versions.some((version) => version.path === path);
}
