// The one entry of the npm scripts: prepares this machine for the command, then runs it.
//   node e2e/lab/run.mjs demo|dev|test|faults|check|bench|lab|build [arguments]
// Plain JavaScript: with `npm test` on a fresh machine no package is there yet.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { giveUp, say } from "./say.mjs";
import { installDebianPackages, installNpmPackages, PROJECT, requireBoxes, requireNode } from "./setup.mjs";

const [command = "", ...args] = process.argv.slice(2);
process.env.NEXT_TELEMETRY_DISABLED = "1";

const COMMANDS = {
  demo: async () => {
    await prepare({ box: true, build: "all", port: portOf(args) });
    return runTypeScript("demo.ts");
  },
  dev: async () => {
    await prepare({ box: true, build: "engine", port: portOf(args) });
    return runTypeScript("dev.ts");
  },
  lab: async () => {
    if (args[0] !== "up") await prepare({});
    else
      await prepare({
        box: true,
        build: args.includes("--bare") ? "none" : "all",
        ...(args.includes("--port") ? { port: portOf(args) } : {}),
      });
    return runTypeScript("lab.ts");
  },
  bench: async () => {
    // Its result goes to standard output and may be read by a program, so preparations go elsewhere.
    console.log = console.error;
    await prepare({ box: true, browser: true, trace: true, build: "all" });
    return runTypeScript("../bench/main.ts");
  },
  faults: async () => {
    // As with the bench: what it found goes to standard output and may be read by a program.
    console.log = console.error;
    await prepare({ box: true, build: "engine" });
    const at = args.indexOf("--without");
    const { buildFaultsEngine } = await import("./build.mjs");
    process.env.FAULTS_ENGINE = await buildFaultsEngine(at < 0 ? null : (args[at + 1] ?? ""));
    return runTypeScript("../faults/main.ts");
  },
  screenshots: async () => {
    await prepare({ box: true, browser: true, build: "all" });
    return runTypeScript("../screenshots.ts");
  },
  build: async () => {
    await prepare({ build: "all" });
    return 0;
  },
  check: async () => {
    await prepare({ build: "none" });
    return (await import("./checks.mjs")).check();
  },
  test: async () => {
    await prepare({ box: true, browser: true, build: "all" });
    return (await import("./checks.mjs")).test(args);
  },
};

async function prepare({ box = false, browser = false, trace = false, build, port }) {
  requireNode();
  if (box) {
    await requireBoxes({ port });
    await installDebianPackages({ browser, trace });
  }
  await installNpmPackages();
  if (!build) return;
  const { buildEngine, buildWeb, generateClient } = await import("./build.mjs");
  await generateClient();
  if (build !== "none") await buildEngine();
  if (build === "all") await buildWeb();
}

function portOf(words) {
  const at = words.indexOf("--port");
  return at < 0 ? 8790 : Number(words[at + 1]);
}

async function runTypeScript(file) {
  const require = createRequire(import.meta.url);
  require("tsx/cjs");
  const path = join(PROJECT, "e2e/lab", file);
  if (!existsSync(path)) giveUp([`${path} is missing`]);
  return require(path).main(args);
}

const run = COMMANDS[command];
if (!run) giveUp([`"${command}" is no command; there are ${Object.keys(COMMANDS).join(", ")}`]);
run().then(
  (code) => process.exit(code),
  (error) => {
    say(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
