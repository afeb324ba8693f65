import { DEFAULT_SUITE, SUITES, type Suite } from "./state";

/** The dashboard's port where nobody chooses one. */
export const DEFAULT_PORT = 8790;

export interface Options {
  readonly suite: Suite;
  readonly port: number | undefined;
  readonly empty: boolean;
  readonly keep: boolean;
  readonly bare: boolean;
  /** What is no option, in order. */
  readonly words: readonly string[];
}

/** Reads `--suite S --port N --empty --keep --bare`; everything after `--` is left as words. Throws for an unknown option. */
export function parseOptions(args: readonly string[]): Options {
  let suite: Suite = DEFAULT_SUITE;
  let port: number | undefined;
  const flags = { empty: false, keep: false, bare: false };
  const words: string[] = [];
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--") return { suite, port, ...flags, words: [...words, ...rest] };
    if (word === "--suite") suite = asSuite(rest.shift());
    else if (word === "--port") port = asPort(rest.shift());
    else if (word === "--empty" || word === "--keep" || word === "--bare")
      flags[word === "--empty" ? "empty" : word === "--keep" ? "keep" : "bare"] = true;
    else if (word.startsWith("--") && word !== "--all") throw new Error(`unknown option ${word}`);
    else words.push(word);
  }
  return { suite, port, ...flags, words };
}

function asSuite(word: string | undefined): Suite {
  const suite = SUITES.find((known) => known === word);
  if (!suite) throw new Error(`--suite takes one of ${SUITES.join(", ")}`);
  return suite;
}

function asPort(word: string | undefined): number {
  const port = Number(word);
  if (!Number.isInteger(port) || port < 1024 || port > 65_535)
    throw new Error("--port takes a number from 1024 to 65535");
  return port;
}
