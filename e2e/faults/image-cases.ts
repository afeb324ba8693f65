import { copyFileSync, rmSync, writeFileSync } from "node:fs";
import { upgrade } from "./ask";
import { type BadImage, badImages, goodImage } from "./bad-images";
import type { Case } from "./cases";
import type { Plan } from "./plan";
import { app, versionOf, versionsOf } from "./services";
import { runTrial, type Trial } from "./trial";
import type { World } from "./world";

const APP = versionsOf("app");
const OLD = APP.filter(({ label }) => label === "1.0.0");
const VERSION = "9.0.0";
const PATH = `/srv/app/app_${VERSION}.raw`;
const BEFORE_ATTACH: Plan = { point: "attach", edge: "before", strike: "pause" };

/** Deploys each image that nobody should deploy. */
export function imageCases(): Case[] {
  const corpus = Object.entries(badImages()).map(([name, bad]): Case => {
    const run = async (world: World) => {
      await bad.put(world.box.rootPath(PATH));
      return runTrial(world, trialOf(bad));
    };
    return { name: `image/${name}`, run, quick: QUICK.has(name) };
  });
  return [...corpus, ...Object.entries(CHANGES).map(([name, change]) => changedMeanwhile(name, change))];
}

function trialOf({ spec, mayRun = false, withinMs }: BadImage): Trial {
  // A unit of the host that an image claims stays the host's.
  const own = Object.entries(spec.units).filter(([name]) => name.startsWith("app"));
  const bad = versionOf({ ...spec, units: Object.fromEntries(own) });
  return {
    request: upgrade("app", VERSION, "1.0.0"),
    allowed: mayRun ? [...OLD, bad] : OLD,
    known: [...APP, bad],
    ...(withinMs === undefined ? {} : { withinMs }),
  };
}

/** What can happen to an image between the check and the attach. */
const CHANGES: Readonly<Record<string, (path: string) => void>> = {
  "replaced-by-noise": (path) => writeFileSync(path, Buffer.alloc(300_000, 3)),
  "deleted-after-the-check": (path) => rmSync(path),
  "truncated-after-the-check": (path) => writeFileSync(path, ""),
};

function changedMeanwhile(name: string, change: (path: string) => void): Case {
  const spec = app(VERSION);
  const good = versionOf(spec);
  const run = async (world: World) => {
    const path = world.box.rootPath(PATH);
    copyFileSync(await goodImage(), path);
    const trial: Trial = {
      request: upgrade("app", VERSION, "1.0.0"),
      allowed: OLD,
      known: [...APP, good],
      plan: BEFORE_ATTACH,
      async strike() {
        rmSync(path);
        copyFileSync(await goodImage(), path); // another file of the same name: what is open stays what it was
        change(path);
        world.place.letGo();
        return {};
      },
    };
    return runTrial(world, trial);
  };
  return { name: `image/${name}`, run, quick: QUICK.has(name) };
}

const QUICK = new Set(["truncated-50", "no-machine-id", "exits-at-once", "crash-loop", "replaced-by-noise"]);
