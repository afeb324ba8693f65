import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where the struck engine and whoever strikes it meet: paths of the guest. */
export const FAULTS_DIR = "/run/attache-faults";

export const INJECTIONS = ["refused", "timed-out", "no-reply", "no-space", "io-error"] as const;
/** `no-reply`: the call is carried out and its answer lost; with the others nothing is carried out. */
export type Injection = (typeof INJECTIONS)[number];

export type Edge = "before" | "after";

/** What is to happen, once, where. */
export interface Plan {
  /** See `points.ts`: a step of a deployment, e.g. `attach`, `reload-2`, `back-settle`. */
  readonly point: string;
  readonly edge: Edge;
  /** `pause`: the engine stands still until it is killed or told to go on. Otherwise: the first call after the point fails so. */
  readonly strike: "pause" | Injection;
}

/** A line of the engine's log, in the order in which things happened. */
export type Event =
  | { readonly kind: "point"; readonly edge: Edge; readonly point: string }
  | { readonly kind: "call"; readonly method: string }
  | { readonly kind: "struck"; readonly by: string }
  | { readonly kind: "outcome"; readonly id: string; readonly outcome: string; readonly why: string };

/** The files of one meeting place; `root` is where the guest's root lies for this process. */
export function meetingPlace(root = "") {
  const at = (name: string) => join(`${root}${FAULTS_DIR}`, name);
  return {
    arm: (plan: Plan) => writeFileSync(at("plan.json"), JSON.stringify(plan)),
    armed: (): Plan | null => parse<Plan>(readIfThere(at("plan.json"))),
    /** One shot: an engine that starts again runs clean. */
    disarm: () => rmSync(at("plan.json"), { force: true }),
    log: (event: Event) => appendFileSync(at("log.jsonl"), `${JSON.stringify(event)}\n`),
    events: (): Event[] =>
      readIfThere(at("log.jsonl"))
        .split("\n")
        .flatMap((line) => parse<Event>(line) ?? []),
    letGo: () => writeFileSync(at("go"), ""),
    mayGo: () => existsSync(at("go")),
  };
}

function readIfThere(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

/** Safe because only this file writes the texts; half a line of an engine that was killed counts as none. */
function parse<T>(text: string): T | null {
  try {
    return text === "" ? null : (JSON.parse(text) as T);
  } catch {
    return null;
  }
}
