import { readFileSync } from "node:fs";
import path from "node:path";
import { transformSync } from "esbuild";
import { describe, expect, it } from "vitest";
import { ABLATIONS, sourcesWithout } from "./ablations.mjs";

const ROOT = path.resolve(__dirname, "../..");

describe("bug: what is to be taken out was not there any more, and nobody was told", () => {
  it.each(Object.keys(ABLATIONS))("%s fits the sources", (name) => {
    for (const [file, contents] of sourcesWithout(name, ROOT)) {
      expect(contents).not.toBe(readFileSync(path.join(ROOT, file), "utf8"));
      expect(() => transformSync(contents, { loader: "ts" })).not.toThrow();
    }
  });

  it.each(["DeadMan", "Armed"])("what stands in for the dead man's switch has all of %s", (name) => {
    const source = readFileSync(path.join(ROOT, "lib/deploy/dead-man.ts"), "utf8");
    const body = new RegExp(`export interface ${name} \\{(.*?)\\n\\}`, "s").exec(source)?.[1] ?? "";
    const members = [...body.matchAll(/^ {2}(\w+)\(/gm)].map(([, member]) => member);
    const standIn = ABLATIONS["dead-mans-switch"].map(({ put }) => put).join();
    expect(members).not.toEqual([]);
    expect(members.filter((member) => !standIn.includes(`${member}: `))).toEqual([]);
  });
});
