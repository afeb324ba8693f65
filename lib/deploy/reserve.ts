import { mkdir, open, readdir, rm, statfs, writeFile } from "node:fs/promises";
import path from "node:path";

/** What a deployment writes outside /run: its intent, the way back, unit files, rows of the history. */
const NEEDED_BYTES = 8 * 1024 * 1024;
const NEEDED_FILES = 256;
/** What going back needs when nothing else is left. */
const RESERVED_BYTES = 2 * 1024 * 1024;
const RESERVED_FILES = 64;

/** Space and file names that are kept for the way back: on a full disk nobody upgrades, but everybody gets back. */
export interface Reserve {
  /** Takes what is missing of it; where there is no space for that, nothing happens. */
  fill(): Promise<void>;
  /** Gives it to whoever goes back. */
  release(): Promise<void>;
}

export function createReserve(directory: string): Reserve {
  return {
    async fill() {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const names = new Set(await readdir(directory));
      if (names.size > RESERVED_FILES || (await lacks(directory)) !== null) return;
      for (let n = 0; n < RESERVED_FILES; n++)
        if (!names.has(`name-${n}`)) await writeFile(path.join(directory, `name-${n}`), "");
      const handle = await open(path.join(directory, "space"), "w", 0o600);
      try {
        await handle.writeFile(Buffer.alloc(RESERVED_BYTES, 1)); // not zeros, which some file systems do not keep
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
    async release() {
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** What a directory's file system lacks for a deployment; a directory that does not exist is on its parent's. Throws what the file system throws. */
export async function lacks(directory: string): Promise<"space" | "files" | null> {
  const { bavail, bsize, files, ffree } = await statfs(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT" || directory === "/") throw error;
    return statfs(path.dirname(directory));
  });
  if (bavail * bsize < NEEDED_BYTES) return "space";
  // A file system without a table of files (btrfs) counts none.
  return files > 0 && ffree < NEEDED_FILES ? "files" : null;
}
