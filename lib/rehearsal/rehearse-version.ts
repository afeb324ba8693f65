import { open, stat } from "node:fs/promises";
import type { ImageVersion, RehearsalVerdict } from "@/lib/images/types";
import { castServices } from "@/lib/rehearsal/casting";
import { rehearseUnit, type Stage } from "@/lib/rehearsal/rehearse-unit";
import { dropInTexts, type Part, type ScenePaths } from "@/lib/rehearsal/scene";
import { lastValue, type RealUnit, serviceSettings } from "@/lib/rehearsal/unit-text";
import { unchecked } from "@/lib/rehearsal/verdict";
import type { Attachment } from "@/lib/services/types";
import { templateOf } from "@/lib/services/unit-name";
import type { Systemd } from "@/lib/systemd/types";

export interface Theatre extends Stage {
  readonly systemd: Stage["systemd"] & Pick<Systemd, "unitStates" | "unitsByPatterns">;
  readonly scene: ScenePaths;
}

/**
 * Rehearses the services of one version, one after the other, until one would
 * not start. `texts` are the unit files of the image. Throws what `Systemd`
 * throws.
 */
export async function rehearseVersion(
  theatre: Theatre,
  version: Pick<ImageVersion, "path" | "kind">,
  part: Part,
  attachment: Attachment | null,
  texts: Readonly<Record<string, string>>,
): Promise<RehearsalVerdict> {
  // systemd makes what is missing in a directory it can write to, so a rehearsal would change the image.
  if (version.kind === "directory") return unchecked("directory-image");
  const taken = Object.fromEntries(Object.entries(texts).filter(([unit]) => part.units.includes(unit)));
  const services = await castServices(theatre.systemd, taken, attachment);
  if (services.length === 0) return unchecked("no-service");
  for (const extension of part.extensions) {
    const facts = await stat(extension).catch(() => null);
    if (!facts?.isFile()) return unchecked("directory-image");
  }
  const isSealed = await isReadOnlyImage(version.path);
  let doubt: RehearsalVerdict | null = null;
  for (const name of services) {
    const text = taken[name] ?? taken[templateOf(name)] ?? "";
    const real: RealUnit = {
      name,
      texts: [text, ...(await dropInTexts(theatre.scene, name, part.profile))],
    };
    // A file system that can be written to must not be mounted twice, and ProtectSystem=strict alone rules that out.
    const isSafe = isSealed || lastValue(serviceSettings(real), "ProtectSystem") === "strict";
    const root = { image: version.path, extensions: part.extensions };
    const found = isSafe ? await rehearseUnit(theatre, real, root) : unchecked("writable-image");
    if (found.verdict === "would-not-start")
      return { ...found, problem: { ...found.problem, params: { unit: name, ...found.problem.params } } };
    if (found.verdict === "unchecked") doubt ??= found;
  }
  return doubt ?? { verdict: "mounts" };
}

/** By their magic numbers: squashfs and erofs can only be read. */
async function isReadOnlyImage(file: string): Promise<boolean> {
  const handle = await open(file, "r").catch(() => null);
  if (!handle) return false;
  try {
    const head = Buffer.alloc(1028);
    await handle.read(head, 0, head.length, 0);
    return head.toString("latin1", 0, 4) === "hsqs" || head.readUInt32LE(1024) === 0xe0f5_e1e2;
  } finally {
    await handle.close();
  }
}
