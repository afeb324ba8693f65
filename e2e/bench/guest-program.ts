import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import type { Box } from "../lab/box";
import { PROJECT } from "../lab/state";

const PLACE = "/opt/attache-bench";

/** Programs that measure from inside a box; each prints one line of JSON. */
const PROGRAMS = [
  "batch",
  "crashing",
  "deploys",
  "failing",
  "inventory",
  "killed",
  "probe",
  "quiet",
  "races",
  "soak",
  "views",
  "visitors",
  "replay",
  "writes",
] as const;
export type GuestProgram = (typeof PROGRAMS)[number];

/** Bundles the programs and puts them into a box, beside the native module that the installed engine has there. */
export async function installPrograms(box: Box): Promise<void> {
  const outdir = box.rootPath(PLACE);
  mkdirSync(outdir, { recursive: true });
  await build({
    entryPoints: PROGRAMS.map((name) => join(__dirname, "guest", `${name}.ts`)),
    outdir,
    outExtension: { ".js": ".mjs" },
    absWorkingDir: PROJECT,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    external: ["better-sqlite3", "x11", "usocket"],
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
    logLevel: "warning",
  });
  const modules = box.rootPath(`${PLACE}/node_modules`);
  if (!existsSync(modules)) symlinkSync("/opt/attache/engine/node_modules", modules);
}

/** Runs a program inside to its end and answers what it printed. What it says on standard error goes to `say`. */
export async function runProgram<T>(
  box: Box,
  name: GuestProgram,
  args: readonly (string | number)[] = [],
  options: { readonly user?: string; readonly say?: (line: string) => void } = {},
): Promise<T> {
  const text = await box.mustExec(["node", `${PLACE}/${name}.mjs`, ...args.map(String)], {
    ...(options.user ? { user: options.user } : {}),
    ...(options.say ? { onLine: options.say } : {}),
  });
  return parseAs<T>(text);
}

/** Safe because the program that printed it is built from this directory a moment before. */
function parseAs<T>(text: string): T {
  return JSON.parse(text) as T;
}
