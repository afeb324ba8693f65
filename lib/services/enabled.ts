import { type Dirent, readlinkSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename } from "node:path";
import { errorCode } from "@/lib/images/system-error";
import { isUnitName } from "@/lib/services/unit-name";
import type { HostPaths } from "@/lib/systemd/types";

/**
 * Names of the units that something pulls in at boot: a link in a `*.wants`,
 * `*.requires` or `*.upholds` directory, or an alias. systemctl puts links
 * below `/etc/systemd/system`, `portablectl --enable` below `system.attached`,
 * where `UnitFileState` does not see them; PID 1 follows both. Where a link
 * leads does not matter to PID 1, only its name. Throws nothing.
 */
export async function readEnabledUnits(
  paths: Pick<HostPaths, "attached" | "unitLinks">,
): Promise<ReadonlySet<string>> {
  const enabled = new Set<string>();
  const { attached, unitLinks } = paths;
  const directories = [attached.persistent, attached.runtime, unitLinks.persistent, unitLinks.runtime];
  await Promise.all(
    directories.map(async (directory) => {
      for (const entry of await list(directory)) {
        const path = `${directory}/${entry.name}`;
        if (entry.isDirectory() && isPullDirectory(entry.name)) {
          for (const link of await list(path)) if (isUnitName(link.name)) enabled.add(link.name);
        } else if (entry.isSymbolicLink() && isUnitName(entry.name)) {
          const target = aliasTarget(path);
          if (target !== null && target !== entry.name) enabled.add(target);
        }
      }
    }),
  );
  return enabled;
}

/** The directories that hold such links now. */
export async function pullDirectories(paths: Pick<HostPaths, "attached" | "unitLinks">): Promise<string[]> {
  const { attached, unitLinks } = paths;
  const directories = [attached.persistent, attached.runtime, unitLinks.persistent, unitLinks.runtime];
  const found = await Promise.all(
    directories.map(async (directory) =>
      (await list(directory))
        .filter((entry) => entry.isDirectory() && isPullDirectory(entry.name))
        .map((entry) => `${directory}/${entry.name}`),
    ),
  );
  return found.flat();
}

function isPullDirectory(name: string): boolean {
  return /\.(?:wants|requires|upholds)$/.test(name);
}

/** `sshd.service -> …/ssh.service`; a mask leads to /dev/null and is no alias. */
function aliasTarget(link: string): string | null {
  try {
    const target = basename(readlinkSync(link));
    return isUnitName(target) ? target : null;
  } catch (error) {
    errorCode(error);
    return null;
  }
}

async function list(directory: string): Promise<Dirent[]> {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    // Not there, or not ours to read: then nothing is known to be enabled in it.
    errorCode(error);
    return [];
  }
}
