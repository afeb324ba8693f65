import { dirname, join } from "node:path";
import type { AttachedState } from "@/lib/drift/types";
import { watchDirectories } from "@/lib/services/watch-directories";
import type { HostPaths } from "@/lib/systemd/types";

/** A reattach comes as a handful of events within some 60 ms; they are looked at together, ms. */
const TOGETHER_MS = 80;
/** An editor writes a file in pieces, and an upload goes on and on, ms. */
const WRITTEN_MS = 200;

/** Follows all that a difference can show in: portabled's directories, each unit's drop-ins, and where attached images lie. */
export function watchAttached(paths: HostPaths, changed: () => void) {
  const watcher = watchDirectories(changed, () => TOGETHER_MS, WRITTEN_MS);
  const roots = [paths.attached.persistent, paths.attached.runtime];
  return {
    /** Whether some are followed only from now on: what happened there meanwhile was missed. */
    follow(states: ReadonlyMap<string, AttachedState>): boolean {
      const directories = new Set(roots);
      for (const { units, location, path } of states.values()) {
        directories.add(dirname(path));
        for (const unit of units) directories.add(join(paths.attached[location], `${unit}.d`));
      }
      return watcher.follow(directories).length > 0;
    },
    close: () => watcher.close(),
  };
}
