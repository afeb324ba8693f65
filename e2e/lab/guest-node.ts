import { existsSync } from "node:fs";
import { join } from "node:path";
import { mustRun, run } from "./processes";
import { cacheDir } from "./state";

/**
 * A Node binary that runs inside the guests: this very one, unless it is
 * Debian's, which needs a dozen libraries that a guest does not have. Then npm's
 * build of the same major version, which loads the same native modules.
 */
export async function nodeForGuests(say: (line: string) => void): Promise<string> {
  const { stdout: libraries } = await run(["ldd", process.execPath]);
  if (!libraries.includes("libnode.so")) return process.execPath;

  const name = `node-linux-${process.arch}`;
  const major = process.versions.node.split(".")[0];
  const directory = join(cacheDir(), "node", `v${major}`);
  const node = join(directory, "node_modules", name, "bin/node");
  if (!existsSync(node)) {
    say(
      `This machine's Node is linked to Debian's libraries; fetching ${name}@${major} from npm for the host in the box`,
    );
    await mustRun(["npm", "install", "--prefix", directory, "--no-audit", "--no-fund", `${name}@${major}`]);
  }
  return node;
}
