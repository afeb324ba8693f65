import { stat } from "node:fs/promises";
import { AppError, type Message } from "@/lib/errors";
import { parseOsRelease, portablePrefixes } from "@/lib/images/os-release";
import { errorCode } from "@/lib/images/system-error";
import type { FileStamp, ImageFacts, ImageVersion, Inspection } from "@/lib/images/types";
import type { ImageMetadata, Systemd } from "@/lib/systemd/types";

/** An inspection with the texts it was made from, for comparing two versions. All of it is hostile. */
export type OpenedImage = Inspection & {
  readonly unitTexts: Readonly<Record<string, string>>;
  readonly osReleaseText: string;
};

/**
 * Opens an image through portabled and checks all that portabled itself finds
 * out too late, namely after a reattach has removed the old version: `ID=`,
 * `PORTABLE_PREFIXES=`, `PORTABLE_SCOPE=` and that there are units at all. What
 * is wrong with the image is a value:
 *
 * `no-file-system` · `no-os-release` · `no-id` · `no-matching-units` {prefix} ·
 * `prefix-not-allowed` {prefix, prefixes} · `scope-user` · `cannot-open`
 * {name, text} · `changed-while-reading` · `os-release-not-utf8`
 *
 * Throws only what says nothing about the image: `bus-unreachable`,
 * `bus-denied`, `timed-out`, `portabled-missing`, and `call-failed` where
 * portabled died over it.
 */
export async function inspectImage(
  systemd: Pick<Systemd, "getImageMetadata">,
  version: ImageVersion,
): Promise<OpenedImage> {
  const { path, service } = version;
  const result = { path, at: Date.now(), unitTexts: {}, osReleaseText: "" };
  const before = await stampOf(path);
  if (typeof before === "string") {
    return {
      ...result,
      stamp: version.stamp,
      ok: false,
      problem: problem("cannot-open", { name: before, text: "" }),
    };
  }
  const opened = await openImage(systemd, path, service);
  const after = await stampOf(path);
  if (typeof after === "string" || !isSameStamp(before, after)) {
    return { ...result, stamp: before, ok: false, problem: problem("changed-while-reading") };
  }
  if ("code" in opened) return { ...result, stamp: before, ok: false, problem: opened };

  const osRelease = parseOsRelease(opened.osRelease);
  const facts: ImageFacts = {
    osRelease,
    prefixes: portablePrefixes(osRelease),
    units: Object.keys(opened.units).sort(),
  };
  // portabled reads metadata of such an image, but then refuses to attach it, when the old one is detached already.
  const isUtf8 = !opened.osRelease.includes("\uFFFD");
  const wrong = isUtf8 ? factsProblem(facts, service) : problem("os-release-not-utf8");
  const texts = { unitTexts: opened.units, osReleaseText: opened.osRelease };
  if (wrong) return { ...result, ...texts, stamp: before, ok: false, problem: wrong };
  return { ...result, ...texts, stamp: before, ok: true, facts };
}

/** Unit prefixes to send with an attach: those the image declares, else the stem of its file name. Never empty. */
export function matchesOf(facts: Pick<ImageFacts, "prefixes">, service: string): readonly string[] {
  return facts.prefixes.length > 0 ? facts.prefixes : [service];
}

export function isSameStamp(a: FileStamp, b: FileStamp): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.size === b.size && a.mtimeMs === b.mtimeMs;
}

async function openImage(
  systemd: Pick<Systemd, "getImageMetadata">,
  path: string,
  service: string,
): Promise<ImageMetadata | Message> {
  const byStem = await metadata(systemd, path, [service]);
  const isMissed = "code" in byStem && byStem.code === "no-matching-units";
  if ("code" in byStem && !isMissed) return byStem;

  // The first call asked for the wrong prefix if the image declares others. Where it found no unit at all, the
  // declaration is learnt from a look at every unit, which for reading (not for attaching) is harmless.
  const known = "code" in byStem ? await metadata(systemd, path, []) : byStem;
  if ("code" in known) return byStem;
  const prefixes = portablePrefixes(parseOsRelease(known.osRelease));
  if (prefixes.length === 0 || (prefixes.length === 1 && prefixes[0] === service)) return byStem;
  const declared = await metadata(systemd, path, prefixes);
  if (!("code" in declared)) return declared;
  return declared.code === "no-matching-units" && !("code" in byStem)
    ? problem("prefix-not-allowed", { prefix: service, prefixes: prefixes.join(" ") })
    : declared;
}

async function metadata(
  systemd: Pick<Systemd, "getImageMetadata">,
  path: string,
  matches: readonly string[],
): Promise<ImageMetadata | Message> {
  try {
    return await systemd.getImageMetadata(path, matches);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (error.code === "not-found") return problem("cannot-open", { name: "ENOENT", text: "" });
    // A `Systemd` may refuse to ask for every unit; then no more is learnt than that the prefix matched none.
    if (error.code === "invalid-input" && matches.length === 0) return problem("no-matching-units");
    if (error.code !== "call-failed" || isNoReply(error)) throw error;
    return openProblem(String(error.params.name ?? ""), String(error.params.text ?? ""), matches);
  }
}

/** portabled died over it, or was killed: nothing is known of the image. */
export function isNoReply({ params }: AppError): boolean {
  return String(params.name ?? "").endsWith(".NoReply");
}

/**
 * portabled up to 257 answers nearly everything with the same error name, so
 * that only its text tells the cases apart; a text we do not know stays
 * `cannot-open` and is shown as it is.
 */
export function openProblem(name: string, text: string, matches: readonly string[]): Message {
  if (name.endsWith(".NoMatchingUnitFiles") || /matching unit files/i.test(text)) {
    return problem("no-matching-units", { prefix: matches.join(" ") });
  }
  // systemd 262 looks for an operating system while it mounts, and says ENOMEDIUM where there is none.
  if (/(?:os|extension)-release/i.test(text) || name === "System.Error.ENOMEDIUM")
    return problem("no-os-release");
  if (/file system|partition table/i.test(text)) return problem("no-file-system");
  return problem("cannot-open", { name, text: text.slice(0, 1000) });
}

function factsProblem(facts: ImageFacts, service: string): Message | null {
  if (!facts.osRelease.ID) return problem("no-id");
  if (facts.osRelease.PORTABLE_SCOPE === "user") return problem("scope-user");
  if (facts.units.length === 0)
    return problem("no-matching-units", { prefix: matchesOf(facts, service).join(" ") });
  return null;
}

async function stampOf(path: string): Promise<FileStamp | string> {
  try {
    const { dev, ino, size, mtimeMs } = await stat(path);
    return { dev, ino, size, mtimeMs };
  } catch (error) {
    return errorCode(error);
  }
}

function problem(code: string, params: Message["params"] = {}): Message {
  return { code, params };
}
