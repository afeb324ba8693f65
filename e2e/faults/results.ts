import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cacheDir, type Suite } from "../lab/state";

/** How one case ended, as a line of the results file. */
export interface Result {
  readonly suite: Suite;
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  readonly tookMs: number;
  readonly problems: readonly string[];
  readonly said: string;
}

export interface Results {
  readonly file: string;
  readonly all: () => readonly Result[];
  readonly has: (name: string) => boolean;
  readonly add: (result: Result) => void;
}

/** Opens the results file of a run; with `resume`, one that an earlier run has begun. */
export function openResults(suite: Suite, run: string, resume: string | null): Results {
  const file = resume ?? join(cacheDir(), "faults", `${suite}-${run}.jsonl`);
  mkdirSync(dirname(file), { recursive: true });
  const all = existsSync(file) ? readResults(file).filter((result) => result.suite === suite) : [];
  return {
    file,
    all: () => all,
    has: (name) => all.some((result) => result.name === name),
    add: (result) => {
      all.push(result);
      appendFileSync(file, `${JSON.stringify(result)}\n`);
    },
  };
}

/** Safe because only this file writes the lines. */
function readResults(file: string): Result[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.endsWith("}"))
    .map((line) => JSON.parse(line) as Result);
}
