import { type Dirent, readlinkSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename } from "node:path";
import { errorCode } from "@/lib/images/system-error";
import { isUnitName } from "@/lib/services/unit-name";
import type { HostPaths } from "@/lib/systemd/types";

/** A link that has PID 1 start a unit at boot, or that gives it another name. */
export interface EnableLink {
  readonly unit: string;
  readonly path: string;
}

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
  return new Set((await readEnableLinks(paths)).map(({ unit }) => unit));
}

/** The links behind `readEnabledUnits`. Throws nothing. */
export async function readEnableLinks(
  paths: Pick<HostPaths, "attached" | "unitLinks">,
): Promise<readonly EnableLink[]> {
  const found = await Promise.all(
    linkDirectories(paths).map(async (directory) => {
      const links: EnableLink[] = [];
      for (const entry of await list(directory)) {
        const path = `${directory}/${entry.name}`;
        if (entry.isDirectory() && isPullDirectory(entry.name)) {
          for (const link of await list(path))
            if (isUnitName(link.name)) links.push({ unit: link.name, path: `${path}/${link.name}` });
        } else if (entry.isSymbolicLink() && isUnitName(entry.name)) {
          const target = aliasTarget(path);
          if (target !== null && target !== entry.name) links.push({ unit: target, path });
        }
      }
      return links;
    }),
  );
  return found.flat();
}

/** The directories that hold such links now. */
export async function pullDirectories(paths: Pick<HostPaths, "attached" | "unitLinks">): Promise<string[]> {
  const found = await Promise.all(
    linkDirectories(paths).map(async (directory) =>
      (await list(directory))
        .filter((entry) => entry.isDirectory() && isPullDirectory(entry.name))
        .map((entry) => `${directory}/${entry.name}`),
    ),
  );
  return found.flat();
}

function linkDirectories({ attached, unitLinks }: Pick<HostPaths, "attached" | "unitLinks">): string[] {
  return [attached.persistent, attached.runtime, unitLinks.persistent, unitLinks.runtime];
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
