import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { type Accounts, readAccounts } from "@/lib/images/accounts";
import { type ImageName, parseImageName } from "@/lib/images/name";
import type { ImageVersion } from "@/lib/images/types";

/** What a name and a `stat` tell about an image; nothing is read. */
export function toImageVersion(
  path: string,
  name: Pick<ImageName, "service" | "label">,
  kind: ImageVersion["kind"],
  facts: Stats,
  accounts: Accounts,
  directoryMode: number,
): ImageVersion {
  return {
    service: name.service,
    label: name.label,
    path,
    kind,
    stamp: { dev: facts.dev, ino: facts.ino, size: facts.size, mtimeMs: facts.mtimeMs },
    mode: facts.mode & 0o7777,
    directoryMode: directoryMode & 0o7777,
    owner: {
      uid: facts.uid,
      gid: facts.gid,
      user: accounts.users.get(facts.uid) ?? null,
      group: accounts.groups.get(facts.gid) ?? null,
    },
    inspection: null,
    rehearsal: null,
  };
}

/** The image at one path, e.g. one attached from outside every root. `null` when its name is no image's. Throws what `stat` throws. */
export async function readImageVersion(path: string): Promise<ImageVersion | null> {
  const name = parseImageName(basename(path));
  if (!name) return null;
  const [facts, accounts, { mode }] = await Promise.all([stat(path), readAccounts(), stat(dirname(path))]);
  return toImageVersion(path, name, facts.isDirectory() ? "directory" : "raw", facts, accounts, mode);
}
