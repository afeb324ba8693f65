import type { Box } from "../lab/box";
import { placeIdleServices } from "./bad-images";
import type { Bench } from "./bench-box";
import type { Figures } from "./figures";
import type { Holdings } from "./guest/holdings";
import type { Soak } from "./guest/soak";
import { runProgram } from "./guest-program";
import { median, round, slope } from "./statistics";

const SWITCHES = 1000;
const SERVICE = "soaked";
/** Caches fill and code is compiled until then; that comes on top of the thousand. */
const WARM_UP = 500;
const WINDOW = 10;

/** A thousand switches: what could leak is the same at the end as at the beginning. */
export async function measureSoak(box: Box, { say }: Bench): Promise<Figures> {
  await placeIdleServices(box, [SERVICE]);
  say(`${SWITCHES} switches of one service, after ${WARM_UP}`);
  const { samples } = await runProgram<Soak>(box, "soak", [WARM_UP + SWITCHES, SERVICE, "1.0.0", "1.1.0"], {
    say,
  });
  const warm = samples.filter(({ switches }) => switches > WARM_UP);
  const more = (of: (holdings: Holdings) => number) =>
    median(warm.slice(-WINDOW).map(of)) - median(warm.slice(0, WINDOW).map(of));
  const perSwitch = slope(floors(warm));
  return {
    "soak.rss_mb_per_1000": round(perSwitch * 1000, 2),
    "soak.descriptors_more": more(({ descriptors }) => descriptors),
    "soak.loops_more": more(({ loops }) => loops),
    "soak.mounts_more": more(({ mounts }) => mounts),
    "soak.cgroups_more": more(({ cgroups }) => cgroups),
    "soak.pid1_descriptors_more": more(({ hostDescriptors }) => hostDescriptors),
    "soak.rss_first_mb": round(warm.at(0)?.rssMb ?? Number.NaN, 1),
    "soak.rss_last_mb": round(warm.at(-1)?.rssMb ?? Number.NaN, 1),
    "soak.rss_max_mb": round(Math.max(...samples.map(({ rssMb }) => rssMb)), 1),
    "soak.descriptors": samples.at(-1)?.descriptors ?? Number.NaN,
    "soak.switches": (samples.at(-1)?.switches ?? 0) - WARM_UP,
  };
}

/** The least of each stretch: what lies above it is waiting for the collector. */
function floors(samples: Soak["samples"]): [switches: number, rssMb: number][] {
  const stretches = Array.from({ length: Math.ceil(samples.length / WINDOW) }, (_, n) =>
    samples.slice(n * WINDOW, (n + 1) * WINDOW),
  );
  return stretches.map((stretch) => [
    stretch[0]?.switches ?? 0,
    Math.min(...stretch.map(({ rssMb }) => rssMb)),
  ]);
}
