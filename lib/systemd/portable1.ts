import { stat } from "node:fs/promises";
import { isAbsolute, normalize } from "node:path";
import { AppError } from "@/lib/errors";
import type { BusClient } from "./bus";
import type { AttachOptions, Change, ImageMetadata, Layering, Location, Systemd } from "./types";
import { lossyText, properties, rows, text, texts } from "./values";

const PORTABLE1 = {
  destination: "org.freedesktop.portable1",
  path: "/org/freedesktop/portable1",
  interface: "org.freedesktop.portable1.Manager",
} as const;

/** portabled is single-threaded, and opening an image may wait for loop devices and dm-verity. */
const IMAGE_TIMEOUT_MS = 120_000;

/** Flags of the `…WithExtensions` calls (org.freedesktop.portable1). */
const RUNTIME = 1n;
const FORCE = 2n;
const FORCE_EXTENSION = 4n;

export type Portable1 = Pick<
  Systemd,
  "profiles" | "getImageMetadata" | "attachImage" | "reattachImage" | "detachImage"
>;

/**
 * portabled, without the calls that lie across versions. The plain methods are
 * used where they suffice, since policies block the others on some releases.
 * Throws `invalid-input` and `not-found` before anything is sent: portabled of
 * systemd 256 and 257 takes a path that does not exist for *every* attached
 * image (https://github.com/systemd/systemd/issues/39058).
 */
export function createPortable1(
  bus: Pick<BusClient, "call">,
  exists: (path: string) => Promise<boolean> = fileExists,
): Portable1 {
  return {
    async profiles() {
      const body = [PORTABLE1.interface, "Profiles"];
      const [value] = await call("Get", "ss", body, { interface: "org.freedesktop.DBus.Properties" });
      return texts(value);
    },

    async getImageMetadata(path, matches, layering = NONE) {
      await checkPaths([path, ...layering.extensions]);
      if (layering.extensions.length === 0)
        return toMetadata(await call("GetImageMetadata", "sas", [path, matches]));
      const body = [path, layering.extensions, matches, layering.isRelaxed ? FORCE_EXTENSION : 0n];
      return toMetadata(await call("GetImageMetadataWithExtensions", "sasast", body));
    },

    async attachImage(path, options) {
      await checkPaths([path, ...(options.layering?.extensions ?? [])]);
      const [changes] = needsFlags(options)
        ? await call("AttachImageWithExtensions", "sasassst", flaggedArguments(path, options))
        : await call("AttachImage", "sassbs", plainArguments(path, options));
      return toChanges(changes);
    },

    async reattachImage(path, options) {
      await checkPaths([path, ...(options.layering?.extensions ?? [])]);
      const [removed, updated] = needsFlags(options)
        ? await call("ReattachImageWithExtensions", "sasassst", flaggedArguments(path, options))
        : await call("ReattachImage", "sassbs", plainArguments(path, options));
      return { removed: toChanges(removed), updated: toChanges(updated) };
    },

    async detachImage(path, location, extensions = []) {
      await checkPaths([path, ...extensions]);
      const [changes] =
        extensions.length > 0
          ? await call("DetachImageWithExtensions", "sast", [path, extensions, locationFlag(location)])
          : await call("DetachImage", "sb", [path, location === "runtime"]);
      return toChanges(changes);
    },
  };

  async function call(
    member: string,
    signature: string,
    body: readonly unknown[],
    other: { interface?: string } = {},
  ) {
    try {
      return await bus.call({ ...PORTABLE1, ...other, member, signature, body, timeoutMs: IMAGE_TIMEOUT_MS });
    } catch (error) {
      const code = absenceOf(error);
      throw code === null ? error : new AppError(code, {}, { cause: error });
    }
  }

  async function checkPaths(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      if (!isAbsolute(path) || normalize(path) !== path) throw new AppError("invalid-input", { path });
      if (!(await exists(path))) throw new AppError("not-found", { path });
    }
  }
}

/** `copy_mode` "" = unit files copied, image and profile linked: what portablectl does by itself. */
const COPY_MODE = "";

function plainArguments(path: string, { matches, profile, location }: AttachOptions): readonly unknown[] {
  return [path, checkMatches(matches), profile, location === "runtime", COPY_MODE];
}

const NONE: Layering = { extensions: [], isRelaxed: false };

/** Only the `…WithExtensions` calls take flags, and extensions. */
function needsFlags({ force = false, layering = NONE }: AttachOptions): boolean {
  return force || layering.extensions.length > 0;
}

function flaggedArguments(path: string, options: AttachOptions): readonly unknown[] {
  const { matches, profile, location, force = false, layering = NONE } = options;
  const flags = locationFlag(location) | (force ? FORCE : 0n) | (layering.isRelaxed ? FORCE_EXTENSION : 0n);
  return [path, layering.extensions, checkMatches(matches), profile, COPY_MODE, flags];
}

function locationFlag(location: Location): bigint {
  return location === "runtime" ? RUNTIME : 0n;
}

/** An empty list means "every unit of the image" to portabled. */
function checkMatches(matches: readonly string[]): readonly string[] {
  if (matches.length === 0 || matches.includes("")) throw new AppError("invalid-input", { matches: "" });
  return matches;
}

/** systemd 251 put the extension-release texts before the units; without extensions there are none. */
function toMetadata([, osRelease, ...texts]: readonly unknown[]): ImageMetadata {
  const extensionReleases = texts.length > 1 ? { extensionReleases: toTexts(texts[0]) } : {};
  return { osRelease: lossyText(osRelease), ...extensionReleases, units: toTexts(texts.at(-1)) };
}

function toTexts(files: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(properties(files)).map(([name, bytes]) => [name, lossyText(bytes)] as const),
  );
}

const CHANGE_TYPES: readonly string[] = [
  "mkdir",
  "write",
  "symlink",
  "copy",
  "unlink",
] satisfies Change["type"][];

function toChanges(value: unknown): readonly Change[] {
  return rows(value).flatMap(([type, path, source]) =>
    isChangeType(type) ? [{ type, path: text(path), source: text(source) }] : [],
  );
}

function isChangeType(type: unknown): type is Change["type"] {
  return typeof type === "string" && CHANGE_TYPES.includes(type);
}

/** Why portabled cannot be started at all; `null` for any other error. */
function absenceOf(error: unknown): "portabled-missing" | "portabled-masked" | null {
  if (!(error instanceof AppError) || error.code !== "call-failed") return null;
  const name = String(error.params.name);
  if (name === "org.freedesktop.systemd1.UnitMasked") return "portabled-masked";
  const isMissing =
    name === "org.freedesktop.DBus.Error.ServiceUnknown" ||
    name === "org.freedesktop.systemd1.NoSuchUnit" ||
    name.startsWith("org.freedesktop.DBus.Error.Spawn.");
  return isMissing ? "portabled-missing" : null;
}

async function fileExists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    // Whatever the reason, portabled must not be asked about a path that we cannot see.
    return false;
  }
}
