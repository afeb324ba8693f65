import { existsSync } from "node:fs";
import { join } from "node:path";
import { mustRun, run } from "./processes";
import { cacheDir } from "./state";

export interface GuestNode {
  /** The Node binary that the guest sees as /usr/bin/node. */
  readonly binary: string;
  /** A library the guest needs beside it; `null` when there is none. */
  readonly library: string | null;
}

/**
 * A Node that runs inside the guests: this very one, unless it is Debian's,
 * which needs a dozen libraries that a guest does not have. Then it is npm's
 * build of the same major version, which loads the same native modules. Those
 * were linked to Debian's libnode, though: an empty library of that name lets
 * them load, and what they call is found in the binary.
 */
export async function nodeForGuests(say: (line: string) => void): Promise<GuestNode> {
  const { stdout: libraries } = await run(["ldd", process.execPath]);
  const libnode = /libnode\.so\.\d+/.exec(libraries)?.[0];
  if (!libnode) return { binary: process.execPath, library: null };

  const name = `node-linux-${process.arch}`;
  const major = process.versions.node.split(".")[0];
  const directory = join(cacheDir(), "node", `v${major}`);
  const binary = join(directory, "node_modules", name, "bin/node");
  const library = join(directory, libnode);
  if (!existsSync(binary)) {
    say(
      `This machine's Node is linked to Debian's libraries; fetching ${name}@${major} from npm for the host in the box`,
    );
    await mustRun(["npm", "install", "--prefix", directory, "--no-audit", "--no-fund", `${name}@${major}`]);
  }
  if (!existsSync(library)) {
    await mustRun(["g++", "-shared", "-x", "c", "/dev/null", `-Wl,-soname,${libnode}`, "-o", library]);
  }
  return { binary, library };
}
