import type { Case } from "./cases";
import { fillUp, forbidWrites, mountOnState } from "./limits";
import type { Observed, Passed } from "./observe";
import { INJECTIONS, type Injection } from "./plan";
import { runTrial } from "./trial";
import type { World } from "./world";

/** Where an error comes on top of another, or the operation is a simpler one, two kinds are enough to tell. */
const TWO: readonly Injection[] = ["no-reply", "io-error"];

/** Each step × each error: of the call that the step makes, and of the directory that the intent and the record lie in. */
export function errorCases({ good, back, others }: Observed): Case[] {
  return [
    ...good.flatMap((passed) => [
      ...INJECTIONS.map((injection) => injected(injection, passed)),
      ofState("state-full", passed, fillUp),
      ofState("state-unwritable", passed, forbidWrites),
    ]),
    ...[...back, ...others].flatMap((passed) => TWO.map((injection) => injected(injection, passed))),
  ];
}

function injected(injection: Injection, { operation, point, calls }: Passed): Case {
  const title = operation.title === "" ? point : `${operation.title}/${point}`;
  const name = `error/${injection}/${title}`;
  if (calls.length === 0) return { name, run: null, skipped: "the step asks nothing of systemd" };
  const { request, allowed, known, prepare } = operation;
  const plan = { point, edge: "before", strike: injection } as const;
  const run = async (world: World) => {
    await prepare(world);
    return runTrial(world, { request, allowed, known, plan });
  };
  return { name, run, quick: QUICK.has(name) };
}

function ofState(
  what: string,
  { operation, point }: Passed,
  spoil: (world: World) => Promise<unknown>,
): Case {
  const name = `error/${what}/${point}`;
  const { request, allowed, known } = operation;
  const run = async (world: World) => {
    await mountOnState(world);
    return runTrial(world, {
      request,
      allowed,
      known,
      plan: { point, edge: "before", strike: "pause" },
      async strike() {
        await spoil(world);
        world.place.letGo();
        return {};
      },
    });
  };
  return { name, run, quick: QUICK.has(name) };
}

const QUICK = new Set([
  "error/no-reply/attach",
  "error/io-error/reload",
  "error/no-reply/back-attach",
  "error/state-full/remember",
  "error/io-error/detach/detach",
]);
