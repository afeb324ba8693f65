import { utimes } from "node:fs/promises";
import { startBeside } from "./child";
import { nowMs, pause } from "./clock";
import { openEngine } from "./engine";
import { forgetStarts, provesActive, timed } from "./host-truth";

/** What this program measures, and what it prints. */
export interface Results {
  warm: DeployPair[];
  cold: DeployPair[];
  downtime: DowntimePair[];
  socket: { readonly asked: number; readonly failed: number; readonly slowestMs: number };
  once: { readonly ms: number };
}

export interface DeployPair {
  readonly oursMs: number;
  readonly theirsMs: number;
  readonly steps: Readonly<Record<string, number>>;
}

/** Longest time without an answer, ms. */
export interface DowntimePair {
  readonly oursMs: number;
  readonly theirsMs: number;
}

/** The web server and portabled come to rest between two measurements, so that neither pays for the other. */
const QUIET_MS = 400;
const WARM_UP = 2;
const UNIT = "startpage.service";
const [OLD, NEW] = ["1.2.0", "1.3.0"];
const image = (version: string) => `/srv/startpage/startpage_${version}.raw`;

const [what = "", count = "20"] = process.argv.slice(2);
const door = await openEngine();
const measure: { [K in keyof Results]: (pairs: number) => Promise<Results[K]> } = {
  warm: (pairs) => deployPairs(pairs, async () => undefined),
  // What `touch` does to a file: the check that is on record is of another file then.
  cold: (pairs) => deployPairs(pairs, () => utimes(image(NEW), new Date(), new Date())),
  downtime,
  socket,
  once: async () => ({ ms: (await door.deploy("startpage", OLD, NEW)).ms }),
};
console.log(JSON.stringify(await measure[asWhat(what)](Number(count))));
door.close();

/** Ours to the new version, theirs back to the old one, and again. */
async function deployPairs(pairs: number, before: () => Promise<void>): Promise<DeployPair[]> {
  const found: DeployPair[] = [];
  for (let n = -WARM_UP; n < pairs; n++) {
    await pause(QUIET_MS);
    await before();
    await forgetStarts(UNIT);
    const ours = await door.deploy("startpage", OLD, NEW, (runningAt, askedAt) =>
      provesActive(UNIT, image(NEW), askedAt, runningAt),
    );
    await pause(QUIET_MS);
    await forgetStarts(UNIT);
    const askedAt = nowMs();
    const theirsMs = await timed("portablectl", "reattach", "--now", "--enable", image(OLD));
    await provesActive(UNIT, image(OLD), askedAt, nowMs());
    if (n >= 0) found.push({ oursMs: ours.ms, theirsMs, steps: ours.steps });
    if (n % 5 === 4) console.error(`${n + 1} of ${pairs} pairs`);
  }
  return found;
}

async function downtime(pairs: number): Promise<DowntimePair[]> {
  const probe = startBeside("probe");
  const gap = async (version: string, change: () => Promise<unknown>) => {
    await probe.ask({ begin: true });
    await change();
    return (await probe.ask<{ gapMs: number }>({ endAt: version })).gapMs;
  };
  const found: DowntimePair[] = [];
  for (let n = -WARM_UP; n < pairs; n++) {
    await pause(QUIET_MS);
    await forgetStarts(UNIT);
    const oursMs = await gap(NEW, () => door.deploy("startpage", OLD, NEW));
    await pause(QUIET_MS);
    await forgetStarts(UNIT);
    const theirsMs = await gap(OLD, async () => {
      await timed("portablectl", "detach", "--now", image(NEW));
      await timed("portablectl", "attach", "--now", image(OLD));
    });
    if (n >= 0) found.push({ oursMs, theirsMs });
    if (n % 5 === 4) console.error(`${n + 1} of ${pairs} pairs`);
  }
  probe.end();
  return found;
}

async function socket(upgrades: number): Promise<Results["socket"]> {
  const visitors = startBeside("visitors");
  const versions = ["1.0.0", "1.1.0"];
  await visitors.ask({ begin: true });
  for (let n = 0; n < upgrades; n++)
    await door.deploy("clock", versions[n % 2] ?? "", versions[(n + 1) % 2] ?? "");
  const result = await visitors.ask<Results["socket"]>({ end: true });
  visitors.end();
  return result;
}

function asWhat(word: string): keyof Results {
  if (!(word in measure)) throw new Error(`"${word}" is nothing to measure`);
  return word as keyof Results; // it is one of its keys
}
