import { type Box, downBox } from "../lab/box";
import { pause } from "../lab/processes";
import { measureBatch } from "./batch";
import { type Bench, onHost } from "./bench-box";
import { lookAround, measureEvents, measureScripts, withServicesPage } from "./browser";
import { measureDeployments } from "./deploy";
import { type Figures, toJson, toTable } from "./figures";
import type { Results } from "./guest/deploys";
import { runProgram } from "./guest-program";
import { measureHistory } from "./history";
import { measureList } from "./list";
import { measureMemory } from "./memory";
import { KILLED_SETTLE_MS, measureKilled, measureRaces, measureSafety, SAFETY_SETTLE_MS } from "./safety";
import { measureSoak } from "./soak";

/** Short, since a deployment that settles holds up the next one; it is no part of any figure. */
const SETTLE_MS = 100;
const ENV = { ATTACHE_SETTLE_MS: SETTLE_MS };
const IDLE_MS = 30_000;

/** Each on a host of its own. */
const PARTS = {
  deploy: (bench: Bench) =>
    onHost(bench, { name: "bench-deploy", env: ENV }, (box) => measureDeployments(box, bench)),
  page: (bench: Bench) => onHost(bench, { name: "bench-page", env: ENV }, (box) => measurePage(box, bench)),
  list: (bench: Bench) =>
    onHost(bench, { name: "bench-list", empty: true, env: ENV }, (box) => measureList(box, bench)),
  safety: (bench: Bench) =>
    onHost(bench, { name: "bench-safety", env: { ATTACHE_SETTLE_MS: SAFETY_SETTLE_MS } }, (box) =>
      measureSafety(box, bench),
    ),
  killed: (bench: Bench) =>
    onHost(
      bench,
      { name: "bench-killed", empty: true, env: { ATTACHE_SETTLE_MS: KILLED_SETTLE_MS } },
      (box) => measureKilled(box, bench),
    ),
  race: (bench: Bench) => onHost(bench, { name: "bench-race", env: ENV }, (box) => measureRaces(box, bench)),
  history: (bench: Bench) =>
    onHost(bench, { name: "bench-history", env: ENV }, (box) => measureHistory(box, bench)),
  batch: (bench: Bench) =>
    onHost(bench, { name: "bench-batch", empty: true, env: ENV, install: "engine-only" }, (box) =>
      measureBatch(box, bench),
    ),
  soak: (bench: Bench) =>
    onHost(bench, { name: "bench-soak", empty: true, env: ENV, install: "engine-only" }, (box) =>
      measureSoak(box, bench),
    ),
} as const;

/**
 * `npm run bench [-- --json] [PART…]`: measures what has a bar, or only the named parts of it; the soak only by name. The
 * exit code tells whether it could be measured, not whether the bars are met.
 */
export async function main(args: readonly string[]): Promise<number> {
  const parts = partsOf(args.filter((word) => word !== "--json"));
  const boxes = new Set<string>();
  const bench: Bench = {
    say: (line) => console.error(`» ${line}`),
    onBox: (name) => void boxes.add(name),
  };
  const stop = new AbortController();
  const interrupted = new Promise<null>((resolve) => {
    stop.signal.addEventListener("abort", () => resolve(null));
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop.abort());
  });
  const measuring = measure(bench, parts, stop.signal);
  const figures = await Promise.race([measuring, interrupted]).finally(() => takeDown(boxes));
  if (!figures) {
    // What was under way ends in an error of no interest, once its box is gone.
    await Promise.race([measuring.catch(() => undefined), pause(3000)]);
    await takeDown(boxes);
    return 130;
  }
  process.stdout.write(`${args.includes("--json") ? toJson(figures) : toTable(figures)}\n`);
  return parts.some((part) => `${part}.failed` in figures) ? 1 : 0;
}

async function measure(bench: Bench, parts: readonly Part[], stop: AbortSignal): Promise<Figures> {
  let all: Figures = {};
  for (const part of parts) {
    if (stop.aborted) break;
    bench.say(`Part "${part}"`);
    // What the other parts found out is worth telling all the same.
    const figures = await PARTS[part](bench).catch((error: unknown) => failure(bench, part, error));
    for (const [key, value] of Object.entries(figures)) bench.say(`  ${key}: ${value}`);
    all = { ...all, ...figures };
  }
  return all;
}

function failure({ say }: Bench, part: Part, error: unknown): Figures {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  for (const line of text.split("\n")) say(line);
  return { [`${part}.failed`]: text.split("\n", 1)[0] ?? "" };
}

/** What one person with a browser meets: scripts, memory, events. */
async function measurePage(box: Box, { say }: Bench): Promise<Figures> {
  say("Scripts of the services page");
  const scripts = await withServicesPage(box, async (page, fetched) => {
    const figures = await measureScripts(page, fetched);
    await runProgram<Results["once"]>(box, "deploys", ["once"]);
    await lookAround(page);
    return figures;
  });
  say(`Memory, when nothing was asked for ${IDLE_MS / 1000} s`);
  await pause(IDLE_MS);
  const memory = await measureMemory(box);
  say("From systemctl stop and start to the row in a browser");
  const events = await withServicesPage(box, (page) => measureEvents(box, page));
  return { ...memory, ...scripts, ...events };
}

type Part = keyof typeof PARTS;

/** Only when asked for by name. */
const LONG: ReadonlySet<Part> = new Set(["soak"]);

function partsOf(words: readonly string[]): Part[] {
  const all = Object.keys(PARTS).filter(isPart);
  for (const word of words)
    if (!all.some((part) => part === word))
      throw new Error(`"${word}" is no part of the bench: ${all.join(", ")}`);
  return all.filter((part) => (words.length === 0 ? !LONG.has(part) : words.includes(part)));
}

function isPart(word: string): word is Part {
  return Object.hasOwn(PARTS, word);
}

async function takeDown(boxes: ReadonlySet<string>): Promise<void> {
  for (const name of boxes) await downBox(name);
}
