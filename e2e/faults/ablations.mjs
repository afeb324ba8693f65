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
  reload: [
    {
      file: "lib/deploy/bring-up.ts",
      find: 'await record.step("reload", direction, () => host.systemd.reload());\n  const links',
      put: 'await record.step("reload", direction, async () => undefined);\n  const links',
    },
  ],
};

/** An esbuild plugin that takes one thing out of the engine. */
export function ablationPlugin(name, project) {
  const changes = ABLATIONS[name];
  if (!changes) throw new Error(`nothing is called "${name}": ${Object.keys(ABLATIONS).join(", ")}`);
  return {
    name: `without ${name}`,
    setup(build) {
      for (const { file, find, put } of changes) {
        const path = join(project, file);
        build.onLoad({ filter: new RegExp(`${file.replaceAll(".", "\\.")}$`) }, () => {
          const text = readFileSync(path, "utf8");
          if (text.split(find).length !== 2) throw new Error(`${file} does not hold once: ${find}`);
          return { contents: text.replace(find, put), loader: "ts" };
        });
      }
    },
  };
}
