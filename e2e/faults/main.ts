import type { Case } from "./cases";
import { collateralCases } from "./collateral-cases";
import { errorCases } from "./error-cases";
import { imageCases } from "./image-cases";
import { killCases } from "./kill-cases";
import { limitCases } from "./limit-cases";
import { nameCases } from "./name-cases";
import { type Observed, observe } from "./observe";
import { type Options, parseOptions } from "./options";
import { runCases } from "./pool";
import { randomCases } from "./random-cases";
import { openResults, type Result, type Results } from "./results";
import { World } from "./world";

const say = (line: string) => console.error(`» ${line}`);

/**
 * `npm run test:faults`: strikes the engine, portabled, the bus and the host in every way that has a name, and at
 * random, and looks at the host alone whether each service is on exactly one version afterwards. docs/faults.md.
 */
export async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  const { suite, seed } = options;
  const results = openResults(
    suite,
    options.without ? `${seed}-without-${options.without}` : `${seed}`,
    options.resume,
  );
  const names = Array.from({ length: options.workers }, (_, n) => `ft-${process.pid}-${n}`);
  const stop = new AbortController();
  const interrupted = new Promise<void>((resolve) => {
    stop.signal.addEventListener("abort", () => resolve());
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop.abort());
  });
  say(`${suite}, seed ${seed}, results in ${results.file}`);
  try {
    const running = run(options, results, names, stop.signal);
    const summary = await Promise.race([running, interrupted]);
    if (!summary) return 130;
    if (typeof summary === "string") {
      process.stdout.write(`${summary}\n`);
      return 0;
    }
    process.stdout.write(`${options.json ? JSON.stringify(summary) : toTable(summary)}\n`);
    return summary.failed.length === 0 ? 0 : 1;
  } finally {
    for (const name of names) await World.remove(name);
  }
}

async function run(
  options: Options,
  results: Results,
  names: readonly string[],
  stop: AbortSignal,
): Promise<Summary | string> {
  const engine = process.env.FAULTS_ENGINE ?? "";
  const create = (worker: number) => World.create(names[worker] ?? "", options.suite, engine);
  const first = await create(0);
  const systemd = (await first.box.mustExec(["systemctl", "--version"])).split("\n")[0] ?? "";
  say(systemd);
  const all = allCases(options, await observe(first));
  if (options.list)
    return all.map(({ name, skipped }) => (skipped ? `${name} (${skipped})` : name)).join("\n");
  await first.reset();
  const todo = all.filter(({ name }) => !results.has(name));
  const { suite } = options;
  for (const { name, run, skipped = "" } of todo)
    if (!run) results.add({ suite, name, outcome: "skipped", tookMs: 0, problems: [skipped], said: "" });
  const runnable = todo.filter(({ run }) => run !== null);
  const others = await Promise.all(
    names.slice(1, Math.max(1, Math.min(names.length, runnable.length))).map((_, n) => create(n + 1)),
  );
  let count = all.length - runnable.length;
  await runCases(
    runnable,
    [first, ...others],
    { create },
    ({ name }, { problems, tookMs, said }) => {
      results.add({
        suite,
        name,
        outcome: problems.length === 0 ? "passed" : "failed",
        tookMs,
        problems,
        said,
      });
      const mark = problems.length === 0 ? "✓" : "✗";
      say(
        `${++count}/${all.length} ${mark} ${name} (${tookMs} ms${said && `, ${said}`})${problems.map((one) => `\n    ${one}`).join("")}`,
      );
    },
    stop,
  );
  for (const world of [first, ...others]) await world.down();
  const wanted = new Set(all.map(({ name }) => name));
  return summarise(
    options,
    systemd,
    results.all().filter(({ name }) => wanted.has(name)),
  );
}

function allCases(options: Options, observed: Observed): Case[] {
  const named = [
    ...killCases(observed),
    ...errorCases(observed),
    ...imageCases(),
    ...nameCases(),
    ...collateralCases(),
    ...limitCases(),
  ];
  const { only, quick } = options;
  const patterns = only?.split("|") ?? [];
  const isMeant = ({ name, ...one }: Case) =>
    (!quick || one.quick === true) && (only === null || patterns.some((pattern) => name.includes(pattern)));
  const random = randomCases(options.random, options.seed, observed.lastsMs);
  return [...named.filter(isMeant), ...(only === null ? random : random.filter(isMeant))];
}

interface Tally {
  readonly passed: number;
  readonly total: number;
}

interface Summary {
  readonly suite: string;
  readonly systemd: string;
  readonly named: Tally;
  readonly random: Tally;
  readonly skipped: number;
  readonly seed: number;
  readonly failed: readonly string[];
}

function summarise(options: Options, systemd: string, results: readonly Result[]): Summary {
  const isRandom = ({ name }: Result) => name.startsWith("random/");
  const run = results.filter(({ outcome }) => outcome !== "skipped");
  const tally = (list: readonly Result[]): Tally => ({
    passed: list.filter(({ outcome }) => outcome === "passed").length,
    total: list.length,
  });
  return {
    suite: options.suite,
    systemd,
    named: tally(run.filter((result) => !isRandom(result))),
    random: tally(run.filter(isRandom)),
    skipped: results.length - run.length,
    seed: options.seed,
    failed: run.filter(({ outcome }) => outcome === "failed").map(({ name }) => name),
  };
}

function toTable({ suite, systemd, named, random, skipped, seed, failed }: Summary): string {
  return [
    `${suite}, ${systemd}`,
    `named:  ${named.passed} of ${named.total} converged, ${skipped} could not be made`,
    `random: ${random.passed} of ${random.total} converged, seed ${seed}`,
    ...failed.map((name) => `  ✗ ${name}`),
  ].join("\n");
}
