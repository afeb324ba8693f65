import { pause } from "../lab/processes";
import type { Case } from "./cases";
import type { Verdict } from "./trial";
import type { World } from "./world";

/** A host for one worker: replaced when it is beyond repair. */
export interface Hosts {
  /** A world of its own for the worker of this number. */
  readonly create: (worker: number) => Promise<World>;
}

const WAIT_MS = 1000;
const CASE_MS = 180_000;

/** Runs the cases on several hosts at once, each host one case after the other. */
export async function runCases(
  cases: readonly Case[],
  worlds: readonly World[],
  hosts: Hosts,
  done: (one: Case, verdict: Verdict) => void,
  stop: AbortSignal,
): Promise<void> {
  const queue = [...cases];
  await Promise.all(
    worlds.map(async (first, worker) => {
      let world = first;
      for (let one = queue.shift(); one !== undefined && !stop.aborted; one = queue.shift()) {
        const { verdict, broken } = await runCase(one, world);
        done(one, verdict);
        if (broken && !stop.aborted) {
          await world.down();
          await pause(WAIT_MS);
          world = await hosts.create(worker);
        }
      }
    }),
  );
}

/** Runs one case; a host that does not come back to what it was before is not blamed on the next case. */
async function runCase(one: Case, world: World): Promise<{ verdict: Verdict; broken: boolean }> {
  if (!one.run) throw new Error(`${one.name} cannot be run`);
  const began = Date.now();
  let verdict: Verdict;
  let isLate = false;
  try {
    verdict = await inTime(one.run(world));
  } catch (error) {
    isLate = error instanceof Late; // it may still be at work on the host
    verdict = { problems: [messageOf(error)], tookMs: Date.now() - began, said: "" };
  }
  try {
    await inTime(world.reset());
    return { verdict, broken: isLate };
  } catch (error) {
    console.error(`» After ${one.name}: ${messageOf(error)}`);
    return { verdict, broken: true };
  }
}

class Late extends Error {}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Late(`not over after ${CASE_MS / 1000} s`)), CASE_MS);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
