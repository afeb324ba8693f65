import { type FSWatcher, statSync, watch } from "node:fs";
import { dirname } from "node:path";
import { errorCode } from "@/lib/images/system-error";

/** An upload changes its file without end; what only changed (and did not come or go) can wait this long, ms. */
const CHANGED_MS = 500;
/** Several files come and go together; wait this long for the rest, ms. */
const RENAMED_MS = 50;

export interface DirectoryWatcher {
  /**
   * Sets which directories are followed, existing or not. Answers with those
   * that are followed from now on: what happened in them before was missed.
   */
  follow(directories: Iterable<string>): readonly string[];
  close(): void;
}

/**
 * Follows the entries of directories that come and go: one inotify watch each,
 * or one on the nearest parent while it is missing. `onChange` gets the
 * directories whose entries changed, merged over a moment that may differ by
 * directory. Where the kernel allows no more watches, a directory is just not
 * followed.
 */
export function watchDirectories(
  onChange: (directories: ReadonlySet<string>) => void,
  renamedMs: (directory: string) => number = () => RENAMED_MS,
  changedMs: number = CHANGED_MS,
): DirectoryWatcher {
  let wanted = new Set<string>();
  const watches = new Map<string, Watch>();
  /** When each directory with news is to be told of. */
  const due = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;

  return {
    follow(directories) {
      wanted = new Set(directories);
      return rearm();
    },
    close() {
      clearTimeout(timer);
      for (const { watcher } of watches.values()) watcher.close();
      watches.clear();
      wanted.clear();
    },
  };

  /** Puts a watch where one belongs now. Returns the wanted directories that newly have one of their own. */
  function rearm(): string[] {
    const places = new Map<string, string>();
    for (const directory of wanted) {
      const place = nearestExisting(directory);
      if (place) places.set(place.path, place.identity);
    }
    for (const [path, { watcher, identity }] of watches) {
      if (places.get(path) === identity) continue;
      watcher.close();
      watches.delete(path);
    }
    const added: string[] = [];
    for (const [path, identity] of places) {
      if (watches.has(path)) continue;
      const watcher = open(path);
      if (!watcher) continue;
      watches.set(path, { watcher, identity });
      if (wanted.has(path)) added.push(path);
    }
    return added;
  }

  function open(path: string): FSWatcher | null {
    try {
      const watcher = watch(path, { persistent: false }, (event) => {
        note(path, event === "rename" ? renamedMs(path) : changedMs);
      });
      watcher.on("error", () => note(path, renamedMs(path)));
      return watcher;
    } catch (error) {
      errorCode(error);
      return null;
    }
  }

  function note(path: string, waitMs: number): void {
    due.set(path, Math.min(due.get(path) ?? Number.POSITIVE_INFINITY, performance.now() + waitMs));
    schedule();
  }

  function schedule(): void {
    clearTimeout(timer);
    if (due.size > 0) timer = setTimeout(flush, Math.max(0, Math.min(...due.values()) - performance.now()));
  }

  function flush(): void {
    const before = new Set(watches.keys());
    const changed = new Set<string>();
    for (const [path, at] of due) {
      if (at > performance.now()) continue;
      due.delete(path);
      if (wanted.has(path)) changed.add(path);
    }
    for (const path of rearm()) changed.add(path);
    // What had a watch and has none now is gone.
    for (const path of before) if (!watches.has(path) && wanted.has(path)) changed.add(path);
    if (changed.size > 0) onChange(changed);
    schedule();
  }
}

interface Watch {
  readonly watcher: FSWatcher;
  /** Device and inode: a directory that was replaced by another of the same name needs a new watch. */
  readonly identity: string;
}

function nearestExisting(directory: string): { path: string; identity: string } | null {
  for (let path = directory; ; path = dirname(path)) {
    try {
      const facts = statSync(path);
      if (facts.isDirectory()) return { path, identity: `${facts.dev}:${facts.ino}` };
    } catch (error) {
      errorCode(error);
    }
    if (path === "/") return null;
  }
}
