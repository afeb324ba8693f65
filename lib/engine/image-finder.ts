import { basename } from "node:path";
import type { Host } from "@/lib/deploy/host";
import { readImageVersion } from "@/lib/images/image-version";
import { parseImageName } from "@/lib/images/name";
import { scanImages } from "@/lib/images/scan";
import { errorCode } from "@/lib/images/system-error";
import type { ImageVersion } from "@/lib/images/types";
import { readAttachments } from "@/lib/services/attached";

/** Where an image of a service may lie. */
export type ImagePlace = Pick<ImageVersion, "service" | "label" | "path">;

export interface ImageFinder {
  /** The files of these versions as they are now. A version that is nowhere on the host is left out. */
  find(service: string, labels: readonly string[]): Promise<ImageVersion[]>;
}

/** How long places are kept, ms: while images are opened one by one, questions for more of them keep coming. */
const KEPT_MS = 30_000;

/**
 * Finds images by service and version for callers that come by the hundred.
 * They share one look at the directories: there is never more than one under
 * way, and of it only paths are kept, for a while. Every file that is found is
 * looked at anew, and where one is missing so are the directories, once.
 */
export function createImageFinder(readPlaces: () => Promise<readonly ImagePlace[]>): ImageFinder {
  let latest: Promise<Index> | null = null;
  let queued: Promise<Index> | null = null;

  const begin = (): Promise<Index> => {
    const mine = readPlaces().then(indexOf);
    const forget = () => {
      if (latest === mine) latest = null;
    };
    mine.then(() => setTimeout(forget, KEPT_MS).unref(), forget);
    queued = null;
    latest = mine;
    return mine;
  };
  /** Begins after the call, since a look under way may have passed the file already. */
  const lookAgain = (): Promise<Index> => {
    queued ??= (latest ?? Promise.resolve()).then(begin, begin);
    return queued;
  };

  return {
    async find(service, labels) {
      const before = latest;
      const found = await findIn(await (before ?? lookAgain()), service, labels);
      const isWhole = labels.every((label) => found.some((version) => version.label === label));
      return isWhole || !before ? found : findIn(await lookAgain(), service, labels);
    },
  };
}

/** Every place of an image on a host: below the roots, and where one is attached from. */
export async function readImagePlaces(
  host: Pick<Host, "imageRoots" | "paths">,
): Promise<readonly ImagePlace[]> {
  const [scan, { attachments }] = await Promise.all([
    scanImages({ roots: host.imageRoots, portables: host.paths.portables }),
    readAttachments(host.paths),
  ]);
  const attached = attachments.flatMap(({ path }) => {
    const name = parseImageName(basename(path));
    return name ? [{ ...name, path }] : [];
  });
  return [...scan.versions, ...attached];
}

/** Paths by service and version. */
type Index = ReadonlyMap<string, ReadonlySet<string>>;

function indexOf(places: readonly ImagePlace[]): Index {
  const index = new Map<string, Set<string>>();
  for (const { service, label, path } of places) {
    const paths = index.get(keyOf(service, label)) ?? new Set();
    index.set(keyOf(service, label), paths.add(path));
  }
  return index;
}

async function findIn(index: Index, service: string, labels: readonly string[]): Promise<ImageVersion[]> {
  const paths = labels.flatMap((label) => [...(index.get(keyOf(service, label)) ?? [])]);
  return (await Promise.all([...new Set(paths)].map(readNow))).flatMap((version) => version ?? []);
}

async function readNow(path: string): Promise<ImageVersion | null> {
  try {
    return await readImageVersion(path);
  } catch (error) {
    errorCode(error); // gone, or closed to us
    return null;
  }
}

function keyOf(service: string, label: string): string {
  return `${service}\0${label}`;
}
