import { isDeepStrictEqual } from "node:util";
import { createExclusive, type Host } from "@/lib/deploy/host";
import type { ImageFinder } from "@/lib/engine/image-finder";
import { AppError } from "@/lib/errors";
import { isSameStamp } from "@/lib/images/inspect";
import type { FileStamp, ImageVersion, Inspection, Rehearsal, RehearsalVerdict } from "@/lib/images/types";
import { rehearseVersion, type Theatre } from "@/lib/rehearsal/rehearse-version";
import { type Part, sceneKey } from "@/lib/rehearsal/scene";
import { unchecked } from "@/lib/rehearsal/verdict";
import type { Attachment } from "@/lib/services/types";

export interface Rehearser extends Pick<Host, "rehearse" | "rehearseAhead" | "rehearsed"> {
  /** Rehearses versions of a service one by one, when nothing more urgent is under way. Resolves with how many were queued. */
  request(service: string, labels: readonly string[]): Promise<number>;
}

export interface RehearserOptions {
  readonly theatre: Theatre;
  readonly finder: ImageFinder;
  /** What was rehearsed in earlier lives of the engine, by path. */
  readonly known: ReadonlyMap<string, Rehearsal>;
  readonly inspect: (version: ImageVersion) => Promise<Inspection>;
  /** Unit files of an image that was opened. */
  readonly unitTexts: (version: ImageVersion) => Promise<Readonly<Record<string, string>>>;
  /** What is attached of a service, and what a switch to `inspection` would take. */
  readonly partOf: (
    version: ImageVersion,
    inspection: Inspection,
  ) => Promise<{ part: Part; attachment: Attachment | null } | null>;
  /** Called after each rehearsal; must not throw. */
  readonly rehearsed: (result: Rehearsal, version: ImageVersion) => void;
  /** Background work waits while this is true. */
  readonly isBusy: () => boolean;
}

/** How long a proof is believed: the host may lose a path meanwhile, ms. */
const BELIEVED_MS = 10 * 60_000;
const LOOK_AGAIN_MS = 500;

/** Keeps what rehearsals proved, and lets one at a time go on: each is a start to PID 1. */
export function createRehearser(options: RehearserOptions): Rehearser {
  const { theatre, finder, rehearsed, isBusy } = options;
  const cache = new Map(options.known);
  const waiting = new Map<string, ImageVersion>();
  const guesses = new Map<string, Guess>();
  const oneByOne = createExclusive();
  let isDraining = false;

  const believed = (version: ImageVersion, key: string): Rehearsal | null => {
    const hit = cache.get(version.path);
    if (hit?.verdict !== "mounts" || hit.key !== key || !isSameStamp(hit.stamp, version.stamp)) return null;
    return isRecent(hit.at) ? hit : null;
  };
  const keep = (version: ImageVersion, result: Rehearsal): Rehearsal => {
    cache.set(version.path, result);
    rehearsed(result, version);
    return result;
  };
  const rehearseNow = async (
    version: ImageVersion,
    part: Part,
    key: string,
    attachment: Attachment | null,
  ): Promise<Rehearsal> => {
    const verdict = await orUnchecked(async () =>
      rehearseVersion(theatre, version, part, attachment, await options.unitTexts(version)),
    );
    const { path, stamp } = version;
    return keep(version, { path, stamp, key, at: Date.now(), ...verdict });
  };
  /** Only that it mounts: what did not work out with a guess is tried again with what is known now. */
  const provedAhead = async (version: ImageVersion, part: Part, key: string): Promise<Rehearsal | null> => {
    const { path, stamp } = version;
    const guess = guesses.get(path);
    guesses.delete(path);
    if (!guess || !isRecent(guess.at) || !isSameStamp(guess.stamp, stamp) || guess.key !== key) return null;
    const texts = await options.unitTexts(version);
    if (!isDeepStrictEqual(guess.plot, plotOf(part, texts))) return null;
    const { at } = guess;
    return (await guess.verdict).verdict === "mounts" ? { path, stamp, key, at, verdict: "mounts" } : null;
  };
  const rehearse: Rehearser["rehearse"] = async (version, part, attachment) => {
    const key = await sceneKey(theatre.scene, part);
    const proved = await provedAhead(version, part, key);
    if (proved) return keep(version, proved);
    return (
      believed(version, key) ??
      // Asked again when its turn comes: the same one may have been under way.
      oneByOne(async () => believed(version, key) ?? rehearseNow(version, part, key, attachment))
    );
  };
  const rehearseUnasked = async (version: ImageVersion) => {
    const inspection = await options.inspect(version);
    const found = inspection.ok ? await options.partOf(version, inspection) : null;
    if (!found) return;
    const key = await sceneKey(theatre.scene, found.part);
    await oneByOne(() => rehearseNow(version, found.part, key, found.attachment));
  };
  const drain = async () => {
    if (isDraining) return;
    isDraining = true;
    for (let next = first(waiting); next; next = first(waiting)) {
      while (isBusy()) await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
      waiting.delete(next.path);
      await rehearseUnasked(next).catch((error: unknown) =>
        console.error("a rehearsal was left out:", error),
      );
    }
    isDraining = false;
  };

  return {
    rehearse,
    async rehearseAhead(version, part, attachment, texts) {
      const key = await sceneKey(theatre.scene, part);
      const verdict = oneByOne(() =>
        orUnchecked(() => rehearseVersion(theatre, version, part, attachment, texts)),
      );
      const guess = { stamp: version.stamp, plot: plotOf(part, texts), key, at: Date.now(), verdict };
      guesses.set(version.path, guess);
      await verdict.catch((error: unknown) => console.error("a rehearsal was left out:", error));
    },
    rehearsed(version) {
      const hit = cache.get(version.path);
      return hit && isSameStamp(hit.stamp, version.stamp) ? hit : null;
    },
    async request(service, labels) {
      const versions = await finder.find(service, labels);
      for (const version of versions) waiting.set(version.path, version);
      void drain();
      return versions.length;
    },
  };
}

/** A rehearsal of a version that had yet to be opened. */
interface Guess {
  readonly stamp: FileStamp;
  readonly plot: Plot;
  readonly key: string;
  readonly at: number;
  readonly verdict: Promise<RehearsalVerdict>;
}

/** What a rehearsal is made from: two of the same end the same. */
type Plot = Part & { readonly texts: readonly (string | undefined)[] };

function plotOf(part: Part, texts: Readonly<Record<string, string>>): Plot {
  const units = part.units.toSorted();
  return { ...part, units, texts: units.map((unit) => texts[unit]) };
}

/** Whatever the clock was set to meanwhile. */
function isRecent(at: number): boolean {
  return Math.abs(Date.now() - at) < BELIEVED_MS;
}

/** A rehearsal that could not be held says nothing about the version. */
async function orUnchecked(work: () => Promise<RehearsalVerdict>): Promise<RehearsalVerdict> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AppError) return unchecked("rehearsal-failed", { text: textOf(error) });
    if (error instanceof Error && "code" in error)
      return unchecked("rehearsal-failed", { text: error.message });
    throw error;
  }
}

function textOf({ code, params }: AppError): string {
  return String(params.text ?? code);
}

function first<T>(map: ReadonlyMap<string, T>): T | undefined {
  return map.values().next().value;
}
