import type { Box } from "../lab/box";
import { idle } from "../lab/demo-images";
import { placeImage } from "../lab/fill";
import { buildImage } from "../lab/image";
import type { Bench } from "./bench-box";
import type { Figures } from "./figures";
import type { Batches } from "./guest/batch";
import { runProgram } from "./guest-program";
import { fillWithMany, nameOf, SERVICES, VERSIONS } from "./many-services";
import { median, round } from "./statistics";

const AT_ONCE = 20;
const PAIRS = 3;
/** The second is attached to every one of the many. */
const [NEW, OLD] = ["1.13.0", "1.12.0"];

/** Twenty upgrades at once on a host with many services. */
export async function measureBatch(box: Box, { say }: Bench): Promise<Figures> {
  say(`Putting ${SERVICES} services with ${VERSIONS} images each on the host`);
  await fillWithMany(box);
  const services = Array.from({ length: AT_ONCE }, (_, n) => nameOf(SERVICES - 1 - n));
  for (const name of services) await makeReal(box, name);
  say(`Batches of ${AT_ONCE} and as many portablectl reattach, in turn`);
  const { pairs, steps } = await runProgram<Batches>(box, "batch", [PAIRS, OLD, NEW, ...services], { say });
  const longest = Object.entries(steps).map(([name, { max, sum }]) => [
    [`batch.step_${name}_max_ms`, round(max)],
    [`batch.step_${name}_sum_ms`, round(sum)],
  ]);
  return {
    "batch.ratio": round(median(pairs.map(({ oursMs, theirsMs }) => oursMs / theirsMs)), 3),
    "batch.ours_ms": round(median(pairs.map(({ oursMs }) => oursMs))),
    "batch.theirs_ms": round(median(pairs.map(({ theirsMs }) => theirsMs))),
    "batch.at_once": AT_ONCE,
    "batch.pairs": pairs.length,
    ...Object.fromEntries(longest.flat()),
  };
}

/** Puts images that run in the place of two of a service's, and has portablectl attach and start the older one. */
async function makeReal(box: Box, name: string): Promise<void> {
  for (const version of [OLD, NEW])
    placeImage(box, await buildImage(idle(name, version, "One of many, and it runs")), `/srv/${name}`);
  const image = `/srv/${name}/${name}_${OLD}.raw`;
  await box.mustExec(["portablectl", "reattach", "--now", "--enable", image]);
}
