import { forgetDirectory, type Scan, type ScanCache, scanImages } from "@/lib/images/scan";
import { type Attached, joinReading, type Reading, readAttached } from "@/lib/services/reading";
import { watchDirectories } from "@/lib/services/watch-directories";
import type { HostPaths } from "@/lib/systemd/types";

/** Several files come and go together; wait this long for the rest, ms. */
const QUICK_MS = 50;
/** A reattach takes the old files away and opens the new image (some 60 ms) before it puts new ones there, ms. */
const REATTACH_MS = 250;

/** What has to be read again; left out = nothing of the kind. */
export interface Stale {
  readonly images?: ReadonlySet<string> | "all";
  readonly attached?: boolean;
  readonly units?: boolean;
}

export interface ReaderOptions {
  readonly roots: readonly string[];
  readonly paths: HostPaths;
  /** Called with what is attached, before PID 1 is asked about it. */
  readonly onAttached: (attached: Attached) => void;
  /** Asks PID 1, while directories are read. Must not throw. */
  readonly readUnits: () => Promise<void>;
  /** A new picture can be made. */
  readonly onRead: (reading: Reading) => void;
}

export interface Reader {
  /** Reads again, soon; what becomes stale meanwhile is read right after. */
  refresh(stale: Stale): void;
  close(): void;
}

/** Reads files and units of a host whenever they are stale, one round at a time, and follows the directories. */
export function createReader({ roots, paths, onAttached, readUnits, onRead }: ReaderOptions): Reader {
  const cache: ScanCache = new Map();
  let scan: Scan | null = null;
  let attached: Attached | null = null;
  let reading: Reading | null = null;
  let stale: Stale = {};
  let isReading = false;
  let isClosed = false;

  const attachedDirectories = [paths.attached.persistent, paths.attached.runtime];
  const watcher = watchDirectories(onDirectories, (directory) =>
    attachedDirectories.includes(directory) ? REATTACH_MS : QUICK_MS,
  );

  return {
    refresh,
    close() {
      isClosed = true;
      watcher.close();
    },
  };

  function onDirectories(directories: ReadonlySet<string>): void {
    const isAttached = attached?.watch.some((directory) => directories.has(directory)) ?? false;
    // An image that is attached from outside the roots is looked up together with what is attached.
    const isElsewhere = [...directories].some((directory) => !scan?.watch.includes(directory));
    refresh({ images: directories, attached: isAttached || isElsewhere, units: isAttached });
  }

  function refresh(more: Stale): void {
    stale = {
      images:
        more.images === "all" || stale.images === "all"
          ? "all"
          : new Set([...(stale.images ?? []), ...(more.images ?? [])]),
      attached: Boolean(stale.attached || more.attached),
      units: Boolean(stale.units || more.units),
    };
    if (!isReading) void readAll();
  }

  async function readAll(): Promise<void> {
    isReading = true;
    while (!isClosed && (stale.images === "all" || stale.images?.size || stale.attached || stale.units)) {
      const now = stale;
      stale = {};
      await readOnce(now);
    }
    isReading = false;
  }

  async function readOnce(now: Stale): Promise<void> {
    if (now.attached || !attached) {
      attached = await readAttached(paths);
      onAttached(attached);
    }
    const isScanNeeded = !scan || now.images === "all" || (now.images?.size ?? 0) > 0;
    const [images] = await Promise.all([
      isScanNeeded || !scan ? readImages(now.images ?? []) : scan,
      now.units ? readUnits() : null,
    ]);
    scan = images;
    reading = await joinReading(scan, attached);
    if (isClosed) return;
    // Only `.v` directories and those of images from elsewhere are new here; they were read before they were followed.
    const added = watcher.follow(reading.watch);
    if (added.length > 0) refresh({ images: new Set(added) });
    onRead(reading);
  }

  async function readImages(changed: Iterable<string> | "all"): Promise<Scan> {
    if (changed === "all") cache.clear();
    else for (const directory of changed) forgetDirectory(cache, directory);
    followToo(roots.map((root) => root.replace(/\/\*$/, "") || "/"));
    return scanImages({ roots, portables: paths.portables }, cache, followToo);
  }

  /** Follows directories before they are read: in between, a change would be missed for good. */
  function followToo(directories: readonly string[]): void {
    if (isClosed) return;
    const added = watcher.follow([...directories, ...(reading?.watch ?? []), ...(attached?.watch ?? [])]);
    for (const directory of added) forgetDirectory(cache, directory);
  }
}
