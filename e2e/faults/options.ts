import { DEFAULT_SUITE, SUITES, type Suite } from "../lab/state";

export interface Options {
  readonly suite: Suite;
  readonly json: boolean;
  readonly quick: boolean;
  /** Part of a case's name, or several with `|` between them; `null` = all. */
  readonly only: string | null;
  /** How many random kills. */
  readonly random: number;
  readonly seed: number;
  /** Results as JSON lines: cases that are in it are not run again. */
  readonly resume: string | null;
  readonly workers: number;
  /** What was taken out of the engine; a result of such a run proves the cases and not the engine. */
  readonly without: string | null;
  /** Tells the names of the cases, and runs none. */
  readonly list: boolean;
}

export const USAGE = `npm run test:faults -- [--suite ${SUITES.join("|")}] [--quick] [--only PATTERN] [--random N] [--seed S]
    [--resume FILE] [--workers N] [--without PART] [--json] [--list]`;

const RANDOM = 200;
const WORKERS = 2;

/** Reads the words of the command line. Throws for one that it does not know. */
export function parseOptions(args: readonly string[]): Options {
  const words = new Map<string, string>();
  const flags = new Set<string>();
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (FLAGS.includes(word)) flags.add(word);
    else if (VALUES.includes(word)) words.set(word, rest.shift() ?? "");
    else throw new Error(`unknown option ${word}\n${USAGE}`);
  }
  const quick = flags.has("--quick");
  const isPart = quick || words.has("--only");
  return {
    suite: suiteOf(words.get("--suite") ?? DEFAULT_SUITE),
    json: flags.has("--json"),
    list: flags.has("--list"),
    quick,
    only: words.get("--only") ?? null,
    random: numberOf(words.get("--random"), isPart ? 0 : RANDOM),
    seed: numberOf(words.get("--seed"), Math.floor(Date.now() / 1000)),
    without: words.get("--without") ?? null,
    resume: words.get("--resume") ?? null,
    workers: Math.max(1, numberOf(words.get("--workers"), WORKERS)),
  };
}

const FLAGS = ["--json", "--quick", "--list"];
const VALUES = ["--suite", "--only", "--random", "--seed", "--resume", "--workers", "--without"];

function suiteOf(word: string): Suite {
  const suite = SUITES.find((known) => known === word);
  if (!suite) throw new Error(`--suite takes one of ${SUITES.join(", ")}`);
  return suite;
}

function numberOf(word: string | undefined, otherwise: number): number {
  if (word === undefined) return otherwise;
  const value = Number(word);
  if (!Number.isInteger(value) || value < 0) throw new Error(`"${word}" is no number`);
  return value;
}
