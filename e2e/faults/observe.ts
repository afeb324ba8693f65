import { pause } from "../lab/processes";
import { ask, isAtRest, upgrade } from "./ask";
import type { World } from "./world";

/** A point that a clean run passes, and the calls to the host that fall into it. */
export interface Passed {
  readonly point: string;
  readonly calls: readonly string[];
}

export interface Observed {
  /** An upgrade that goes well. */
  readonly good: readonly Passed[];
  /** One whose new version falls: only the points of its way back. */
  readonly back: readonly Passed[];
}

const OVER_MS = 30_000;

/** Looks at what the engine goes through when nobody disturbs it, so that no list of steps has to be kept here. */
export async function observe(world: World): Promise<Observed> {
  const good = await pointsOfRun(world, "2.0.0");
  const bad = await pointsOfRun(world, "3.0.0");
  return { good, back: bad.filter(({ point }) => point.startsWith("back-")) };
}

async function pointsOfRun(world: World, version: string): Promise<Passed[]> {
  await world.reset();
  const answer = await ask(world.box, upgrade("app", version, "1.0.0"));
  if (!answer?.ok) throw new Error(`a clean upgrade is refused: ${JSON.stringify(answer)}`);
  const end = Date.now() + OVER_MS;
  while (!(await isAtRest(world.box))) {
    if (Date.now() > end) throw new Error("a clean upgrade does not end");
    await pause(100);
  }
  const passed = new Map<string, string[]>();
  let open: string | null = null;
  for (const event of world.place.events()) {
    if (event.kind === "point") {
      if (event.edge === "before") passed.set(event.point, []);
      open = event.edge === "before" ? event.point : null;
    } else if (event.kind === "call" && open !== null) passed.get(open)?.push(event.method);
  }
  return [...passed].map(([point, calls]) => ({ point, calls }));
}
