// Builds what packaging/install installs: the web server (.next/standalone) and the engine (dist). A part whose
// sources did not change since it was built is left alone.
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { say, step } from "./say.mjs";
import { PROJECT } from "./setup.mjs";

const at = (path) => join(PROJECT, path);
const SHARED = [
  "package.json",
  "lib",
  "prisma/schema.prisma",
  "prisma/migrations",
  "package-lock.json",
  "tsconfig.json",
];

/** How the engine becomes one file. */
const BUNDLE = {
  absWorkingDir: PROJECT,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  sourcemap: true,
  // Native, so it stays beside the bundle; the other two are optional parts of dbus-next that are never asked for.
  external: ["better-sqlite3", "x11", "usocket"],
  // CommonJS packages in the bundle ask for Node's modules with `require`.
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
  logLevel: "warning",
};

/** The Prisma client, which everything that touches the history imports. */
export async function generateClient() {
  await unlessBuilt("lib/generated/.inputs", ["prisma/schema.prisma", "package-lock.json"], () =>
    step("Generating the database client", [at("node_modules/.bin/prisma"), "generate"], { cwd: PROJECT }),
  );
}

export async function buildEngine() {
  await unlessBuilt("dist/.inputs", [...SHARED, "e2e/lab/build.mjs"], async () => {
    say("Bundling the engine");
    const { build } = await import("esbuild");
    const natives = ["better-sqlite3", "bindings", "file-uri-to-path"];
    for (const old of ["engine.mjs", "engine.mjs.map", "node_modules", "migrations"])
      rmSync(at(`dist/${old}`), { recursive: true, force: true });
    await build({ ...BUNDLE, entryPoints: [at("lib/engine/main.ts")], outfile: at("dist/engine.mjs") });
    for (const name of natives) {
      const wanted = (path) =>
        !/\/(src|deps|test|docs|build\/(?!Release$|Release\/better_sqlite3\.node$).+)(\/|$)/.test(
          path.slice(at("node_modules").length),
        );
      cpSync(at(`node_modules/${name}`), at(`dist/node_modules/${name}`), {
        recursive: true,
        filter: wanted,
      });
    }
    cpSync(at("prisma/migrations"), at("dist/migrations"), { recursive: true });
  });
}

/**
 * The engine with fault injection: for `test:faults` alone, never installed by packaging/install. Answers its file.
 * @param {string | null} without What is taken out of it, to see whether the cases notice; see e2e/faults/ablations.mjs.
 */
export async function buildFaultsEngine(without) {
  const name = without === null ? "faults" : `faults-without-${without}`;
  await unlessBuilt(`dist/.inputs-${name}`, [...SHARED, "e2e/faults", "e2e/lab/build.mjs"], async () => {
    say("Bundling the engine that can be struck");
    const { build } = await import("esbuild");
    const { ablationPlugin } = await import("../faults/ablations.mjs");
    await build({
      ...BUNDLE,
      entryPoints: [at("e2e/faults/engine.ts")],
      outfile: at(`dist/engine-${name}.mjs`),
      plugins: without === null ? [] : [ablationPlugin(without, PROJECT)],
    });
  });
  return at(`dist/engine-${name}.mjs`);
}

export async function buildWeb() {
  const inputs = [
    ...SHARED,
    "app",
    "components",
    "public",
    "instrumentation.ts",
    "instrumentation-node.ts",
    "proxy.ts",
    "next.config.js",
    "postcss.config.mjs",
  ];
  await unlessBuilt(".next/.inputs", inputs, async () => {
    await step("Building the web server", [at("node_modules/.bin/next"), "build"], {
      cwd: PROJECT,
      env: { NEXT_TELEMETRY_DISABLED: "1" },
    });
    // Next leaves these two to whoever installs the standalone server.
    cpSync(at(".next/static"), at(".next/standalone/.next/static"), { recursive: true });
    if (existsSync(at("public"))) cpSync(at("public"), at(".next/standalone/public"), { recursive: true });
  });
}

/** Runs `build` unless `stamp` already holds the hash of these files and directories. */
async function unlessBuilt(stamp, inputs, build) {
  const hash = createHash("sha256").update(process.version);
  for (const input of inputs) hashInto(hash, input);
  const digest = hash.digest("hex");
  if (existsSync(at(stamp)) && readFileSync(at(stamp), "utf8") === digest) return;
  await build();
  mkdirSync(join(at(stamp), ".."), { recursive: true });
  writeFileSync(at(stamp), digest);
}

function hashInto(hash, path) {
  if (path === "lib/generated" || /\.test\.tsx?$/.test(path) || !existsSync(at(path))) return;
  if (statSync(at(path)).isDirectory()) {
    for (const name of readdirSync(at(path)).sort()) hashInto(hash, `${path}/${name}`);
  } else {
    hash.update(`${path}\0`).update(readFileSync(at(path)));
  }
}
