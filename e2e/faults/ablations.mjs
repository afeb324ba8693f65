// What can be taken out of the engine to see whether the cases notice. Each is a change to a source file at bundling;
// one that no longer fits its file is an error, so that the proof cannot quietly prove nothing.
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const ABLATIONS = {
  "forced-attach": [
    {
      file: "lib/deploy/attach.ts",
      find: "host.systemd.attachImage(file, { ...options, force })",
      put: "host.systemd.attachImage(file, options)",
    },
  ],
  "collateral-comparison": [
    {
      file: "lib/deploy/attach.ts",
      find: "const damaged = damagedServices(before, after, others)",
      put: "const damaged = damagedServices(after, after, others)",
    },
  ],
  intent: [
    {
      file: "lib/deploy/intent.ts",
      find: "await rename(aside, file);",
      put: "",
    },
  ],
  // Neither the timer in PID 1 nor what the boot unit looks for: the engine goes on as if both were there.
  "dead-mans-switch": [
    {
      file: "lib/engine/start.ts",
      find: 'createDeadMan(path.join(env.stateDir, "way-back"), host)',
      put: `{
        prepare: async () => ({ arm: async () => NOTHING_ARMED, drop: async () => undefined }),
        takeOver: async () => null,
        bringBack: async () => ({ over: Promise.resolve() }),
        forget: async () => undefined,
        known: async () => [],
      }`,
    },
    {
      file: "lib/engine/start.ts",
      find: "/** In the engine's own runtime directory. */",
      put: `const NOTHING_ARMED = {
        hasFired: () => false,
        holdFor: async () => undefined,
        resume: async () => undefined,
        callOff: async () => true,
        giveUp: async () => null,
        takeBack: async () => undefined,
        runNow: async () => ({ over: Promise.resolve() }),
      };`,
    },
  ],
  reload: [
    {
      file: "lib/deploy/bring-up.ts",
      find: "() => (turn ? turn.reload(signal) : host.systemd.reload())",
      put: "async () => undefined",
    },
  ],
};

/** An esbuild plugin that takes one thing out of the engine. */
export function ablationPlugin(name, project) {
  return {
    name: `without ${name}`,
    setup(build) {
      for (const [file, contents] of sourcesWithout(name, project))
        build.onLoad({ filter: new RegExp(`${file.replaceAll(".", "\\.")}$`) }, () => ({
          contents,
          loader: "ts",
        }));
    },
  };
}

/** The source files that one ablation changes, as they are after it. */
export function sourcesWithout(name, project) {
  const changes = ABLATIONS[name];
  if (!changes) throw new Error(`nothing is called "${name}": ${Object.keys(ABLATIONS).join(", ")}`);
  const sources = new Map();
  for (const change of changes) {
    const text = sources.get(change.file) ?? readFileSync(join(project, change.file), "utf8");
    sources.set(change.file, changed(text, change));
  }
  return sources;
}

function changed(text, { file, find, put }) {
  if (text.split(find).length !== 2) throw new Error(`${file} does not hold once: ${find}`);
  return text.replace(find, put);
}
