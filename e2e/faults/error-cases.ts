import { upgrade } from "./ask";
import type { Case } from "./cases";
import { fillUp, mountOnState, remountReadOnly } from "./limits";
import type { Observed } from "./observe";
import { INJECTIONS, type Injection } from "./plan";
import { versionsOf } from "./services";
import { runTrial, type Trial } from "./trial";
import type { World } from "./world";

const APP = versionsOf("app");
/** On the way back the host has failed once already; two kinds of further failure are enough to tell. */
const ON_THE_WAY_BACK: readonly Injection[] = ["no-reply", "io-error"];

/** Each step × each error: of the call that the step makes, and of the directory that the intent and the record lie in. */
export function errorCases(observed: Observed): Case[] {
  const good = observed.good.flatMap(({ point, calls }) => [
    ...INJECTIONS.map((injection) => injected(injection, point, calls.length > 0, "2.0.0")),
    ofState(`error/state-full/${point}`, point, fillUp),
    ofState(`error/state-read-only/${point}`, point, remountReadOnly),
  ]);
  const back = observed.back.flatMap(({ point, calls }) =>
    ON_THE_WAY_BACK.map((injection) => injected(injection, point, calls.length > 0, "3.0.0")),
  );
  return [...good, ...back];
}

function injected(injection: Injection, point: string, calls: boolean, version: string): Case {
  const name = `error/${injection}/${point}`;
  if (!calls) return { name, run: null, skipped: "the step asks nothing of systemd" };
  const trial: Trial = {
    request: upgrade("app", version, "1.0.0"),
    allowed: APP.filter(({ label }) => label === "1.0.0" || label === version),
    known: APP,
    plan: { point, edge: "before", strike: injection },
  };
  return { name, run: (world) => runTrial(world, trial), quick: QUICK.has(name) };
}

function ofState(name: string, point: string, spoil: (world: World) => Promise<unknown>): Case {
  const trial: Trial = {
    request: upgrade("app", "2.0.0", "1.0.0"),
    allowed: APP.filter(({ label }) => label === "1.0.0" || label === "2.0.0"),
    known: APP,
    plan: { point, edge: "before", strike: "pause" },
    async strike(world) {
      await spoil(world);
      world.place.letGo();
      return {};
    },
  };
  const run = async (world: World) => {
    await mountOnState(world);
    return runTrial(world, trial);
  };
  return { name, run, quick: QUICK.has(name) };
}

const QUICK = new Set([
  "error/no-reply/attach",
  "error/io-error/reload",
  "error/no-reply/back-attach",
  "error/state-full/remember",
]);
