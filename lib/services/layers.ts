import { basename, dirname } from "node:path";
import { readAccounts } from "@/lib/images/accounts";
import { readImageVersion } from "@/lib/images/image-version";
import { parseImageName } from "@/lib/images/name";
import { compareNewestFirst } from "@/lib/images/order";
import { scanDirectory } from "@/lib/images/scan-directory";
import { errorCode } from "@/lib/images/system-error";
import type { Finding, ImageVersion } from "@/lib/images/types";
import type { Layer } from "@/lib/services/types";

/**
 * Finds what could take the place of each extension of a service: `.raw` files
 * of its stem in its own directory, and those that a scan of the image roots
 * found. Throws nothing; an extension whose file is gone is a finding.
 */
export async function readLayers(
  service: string,
  extensions: readonly string[],
  scanned: readonly ImageVersion[],
): Promise<{ layers: Layer[]; findings: Finding[] }> {
  const accounts = await readAccounts();
  const findings: Finding[] = [];
  const layers: Layer[] = [];
  for (const path of extensions) {
    const { service: stem, label } = parseImageName(basename(path)) ?? { service: basename(path), label: "" };
    const [own, beside] = await Promise.all([readOwn(path), scanDirectory(dirname(path), "place", accounts)]);
    if (typeof own === "string") findings.push({ code: "layer-missing", params: { service, path } });
    const found = [...beside.versions, ...scanned].filter(
      (version) => version.service === stem && version.kind === "raw",
    );
    const versions = new Map(found.map((version) => [version.path, version]));
    if (typeof own !== "string" && own) versions.set(path, own);
    layers.push({ stem, label, path, versions: [...versions.values()].sort(compareNewestFirst) });
  }
  return { layers, findings };
}

/** The extension itself, whatever it is; a text says why it cannot be looked at. */
async function readOwn(path: string): Promise<ImageVersion | null | string> {
  try {
    return await readImageVersion(path);
  } catch (error) {
    return errorCode(error);
  }
}
