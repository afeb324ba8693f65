import type { ImageFinder } from "@/lib/engine/image-finder";
import { AppError } from "@/lib/errors";
import { inspectImage, isNoReply, isSameStamp, type OpenedImage } from "@/lib/images/inspect";
import type { ImageVersion, Inspection } from "@/lib/images/types";
import type { Systemd } from "@/lib/systemd/types";

export interface Inspector {
  /** Opens an image now, ahead of the queue; answers from the cache while the file is the same. */
  inspect(version: ImageVersion): Promise<Inspection>;
  inspected(version: ImageVersion): Inspection | null;
  /** Unit files of an image, hostile; it is opened when they are not on record. Empty where it cannot be. */
  unitTexts(version: ImageVersion): Promise<Readonly<Record<string, string>>>;
  /** Whether images are being opened, or are about to be. */
  isAtWork(): boolean;
  /**
   * Opens versions of a service one by one, when nothing more urgent is under
   * way, and tells of those that were opened before: whoever asks may not have
   * heard. Resolves with how many were queued.
   */
  request(service: string, labels: readonly string[]): Promise<number>;
}

export interface InspectorOptions {
  readonly systemd: Pick<Systemd, "getImageMetadata">;
  readonly finder: ImageFinder;
  /** What was opened in earlier lives of the engine. */
  readonly known: ReadonlyMap<string, Inspection>;
  /** Unit files of an image whose stamp is known, as it was opened last; `null` without a record. */
  readonly kept: (version: ImageVersion) => Readonly<Record<string, string>> | null;
  /** Called for each image that was opened, some time after; must not throw. */
  readonly opened: (result: OpenedImage, version: ImageVersion) => void;
  /** Called with what is known already of versions that somebody asked for. */
  readonly answered: (service: string, inspections: readonly Inspection[]) => void;
  /** Background work waits while this is true: portabled does one thing at a time. */
  readonly isBusy: () => boolean;
}

const LOOK_AGAIN_MS = 500;
/** What was found out is kept on disk, which takes its time: a switch that waits for the answer goes on first, ms. */
export const KEEP_AFTER_MS = 40;

/**
 * Opens images through portabled, each at most once while device, inode, size
 * and mtime of the file stay the same.
 */
export function createInspector(options: InspectorOptions): Inspector {
  const { systemd, finder, known, kept, opened, isBusy } = options;
  const cache = new Map(known);
  const underWay = new Map<string, Promise<Inspection>>();
  const waiting = new Map<string, ImageVersion>();
  /** Over which portabled died once. */
  const failed = new Set<string>();
  /** Opened, and not handed on yet. */
  const unkept = new Map<string, OpenedImage>();
  let isDraining = false;

  const inspected = (version: ImageVersion) => {
    const hit = cache.get(version.path);
    return hit && isSameStamp(hit.stamp, version.stamp) ? hit : null;
  };
  const inspect = (version: ImageVersion): Promise<Inspection> => {
    const hit = inspected(version);
    if (hit) return Promise.resolve(hit);
    const key = `${version.path}\n${JSON.stringify(version.stamp)}`;
    const running = underWay.get(key);
    if (running) return running;
    const work = inspectImage(systemd, version)
      .then((result) => {
        const { unitTexts: _texts, osReleaseText: _text, ...inspection } = result;
        cache.set(version.path, inspection);
        unkept.set(version.path, result);
        setTimeout(() => {
          opened(result, version);
          if (unkept.get(version.path) === result) unkept.delete(version.path);
        }, KEEP_AFTER_MS);
        return inspection;
      })
      .finally(() => underWay.delete(key));
    underWay.set(key, work);
    return work;
  };
  /** Where the bus is away the page asks again when it is back; nobody hears of a portabled that was killed. */
  const tryOnceMore = (version: ImageVersion, error: unknown) => {
    if (!(error instanceof AppError) || !isNoReply(error) || failed.delete(version.path)) return;
    failed.add(version.path);
    waiting.set(version.path, version);
  };
  const drain = async () => {
    if (isDraining) return;
    isDraining = true;
    for (let next = first(waiting); next; next = first(waiting)) {
      while (isBusy()) await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
      waiting.delete(next.path);
      await inspect(next).then(
        () => failed.delete(next.path),
        (error: unknown) => tryOnceMore(next, error),
      );
    }
    isDraining = false;
  };

  return {
    inspect,
    inspected,
    async unitTexts(version) {
      const inspection = await inspect(version);
      const texts = unkept.get(version.path)?.unitTexts ?? kept(version);
      const isWhole = inspection.ok && inspection.facts.units.every((unit) => texts?.[unit] !== undefined);
      return texts && isWhole ? texts : (await inspectImage(systemd, version)).unitTexts;
    },
    isAtWork: () => underWay.size > 0 || waiting.size > 0,
    async request(service, labels) {
      const versions = await finder.find(service, labels);
      const fresh = versions.filter((version) => !inspected(version));
      const old = versions.flatMap((version) => inspected(version) ?? []);
      if (old.length > 0) options.answered(service, old);
      for (const version of fresh) waiting.set(version.path, version);
      void drain();
      return fresh.length;
    },
  };
}

function first<T>(map: ReadonlyMap<string, T>): T | undefined {
  return map.values().next().value;
}
