import { pause } from "../lab/processes";
import { ask, isAtRest } from "./ask";
import { FALLING, GOOD, type Operation, OTHERS } from "./operations";
import type { World } from "./world";

/** A point that an undisturbed run passes, and the calls to the host that fall into it. */
export interface Passed {
  readonly operation: Operation;
  readonly point: string;
  readonly calls: readonly string[];
}

export interface Observed {
  /** An upgrade that goes well. */
  readonly good: readonly Passed[];
  /** One whose new version falls: only the points of its way back. */
  readonly back: readonly Passed[];
  /** A first attach, a detach, a restart. */
  readonly others: readonly Passed[];
  /** How long the upgrade that goes well took, ms. */
  readonly lastsMs: number;
}

const OVER_MS = 30_000;

/** Looks at what the engine goes through when nobody disturbs it, so that no list of steps has to be kept here. */
export async function observe(world: World): Promise<Observed> {
  const good = await pointsOf(world, GOOD);
  const falling = await pointsOf(world, FALLING);
  const back = falling.passed.filter(({ point }) => point.startsWith("back-"));
  const others: Passed[] = [];
  for (const operation of OTHERS) others.push(...(await pointsOf(world, operation)).passed);
  return { good: good.passed, back, others, lastsMs: good.lastsMs };
}

async function pointsOf(world: World, operation: Operation): Promise<{ passed: Passed[]; lastsMs: number }> {
  await world.reset();
  await operation.prepare(world);
  const answer = await ask(world.box, operation.request);
  if (!answer?.ok) throw new Error(`undisturbed, the engine refuses: ${JSON.stringify(answer)}`);
  const began = Date.now();
  while (!(await isAtRest(world.box))) {
    if (Date.now() > began + OVER_MS) throw new Error("undisturbed, the engine does not come to an end");
    await pause(100);
  }
  const lastsMs = Date.now() - began;
  const passed = new Map<string, string[]>();
  let open: string | null = null;
  for (const event of world.place.events()) {
    if (event.kind === "point") {
      if (event.edge === "before") passed.set(event.point, []);
      open = event.edge === "before" ? event.point : null;
    } else if (event.kind === "call" && open !== null) passed.get(open)?.push(event.method);
  }
  return { passed: [...passed].map(([point, calls]) => ({ operation, point, calls })), lastsMs };
}
