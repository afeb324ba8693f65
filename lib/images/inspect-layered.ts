import { AppError, type Message } from "@/lib/errors";
import { isNoReply, openProblem } from "@/lib/images/inspect";
import { layerFault } from "@/lib/images/layer-fit";
import { parseOsRelease, portablePrefixes } from "@/lib/images/os-release";
import type { ImageFacts, ImageVersion, Inspection } from "@/lib/images/types";
import type { ImageMetadata, Layering, Systemd } from "@/lib/systemd/types";

const EVERY_UNIT: readonly string[] = [];

/**
 * Opens an image together with the extensions that are to lie on it. The facts
 * are those of all of them: every unit, whatever its prefix, and the prefixes
 * that any of them declares. What is wrong with an extension is a problem with
 * its path as `layer`: `layer-no-release` {name} · `layer-mismatch` {field,
 * wants, has} · `layer-scope` {scope}, or a problem of `inspectImage`.
 *
 * portabled opens extensions that do not fit without a word and compares them
 * only when it attaches, which is when the old ones are gone; so they are
 * compared here. Throws what `inspectImage` throws.
 */
export async function inspectLayered(
  systemd: Pick<Systemd, "getImageMetadata">,
  version: ImageVersion,
  layering: Layering,
): Promise<Inspection> {
  const { path, stamp } = version;
  const result = { path, stamp, at: Date.now() };
  const opened = await open(systemd, path, layering);
  if ("code" in opened)
    return { ...result, ok: false, problem: await blame(systemd, path, layering, opened) };

  const osRelease = parseOsRelease(opened.osRelease);
  const releases = layering.extensions.map((layer) => ({
    layer,
    release: parseOsRelease(opened.extensionReleases?.[layer] ?? ""),
  }));
  for (const { layer, release } of releases) {
    const fault = layerFault(osRelease, release);
    if (fault) return { ...result, ok: false, problem: { ...fault, params: { ...fault.params, layer } } };
  }
  const facts: ImageFacts = {
    osRelease,
    prefixes: [...new Set([osRelease, ...releases.map(({ release }) => release)].flatMap(portablePrefixes))],
    units: Object.keys(opened.units).sort(),
  };
  return { ...result, ok: true, facts };
}

async function open(
  systemd: Pick<Systemd, "getImageMetadata">,
  path: string,
  layering: Layering,
): Promise<ImageMetadata | Message> {
  try {
    return await systemd.getImageMetadata(path, EVERY_UNIT, layering);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (error.code === "not-found")
      return { code: "cannot-open", params: { name: "ENOENT", text: "", layer: error.params.path ?? "" } };
    if (error.code !== "call-failed" || isNoReply(error)) throw error;
    return openProblem(String(error.params.name ?? ""), String(error.params.text ?? ""), EVERY_UNIT);
  }
}

/** portabled does not always say which of several images it could not open: each extension is tried alone. */
async function blame(
  systemd: Pick<Systemd, "getImageMetadata">,
  path: string,
  layering: Layering,
  problem: Message,
): Promise<Message> {
  if (problem.params.layer !== undefined) {
    const { layer, ...params } = problem.params;
    return { ...problem, params: layer === path ? params : problem.params };
  }
  for (const layer of layering.extensions) {
    const isOnly = layering.extensions.length === 1;
    const alone = isOnly ? problem : await open(systemd, path, { ...layering, extensions: [layer] });
    if (!("code" in alone)) continue;
    const code = alone.code === "no-os-release" ? "layer-no-release" : alone.code;
    const name = layer.slice(layer.lastIndexOf("/") + 1).replace(/\.raw$/, "");
    return { code, params: { ...alone.params, layer, ...(code === "layer-no-release" ? { name } : {}) } };
  }
  return problem;
}
