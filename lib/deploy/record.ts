import type { Fall } from "@/lib/deploy/settle";
import type { Deployment, Outcome, Refusal, Step, StepName } from "@/lib/deploy/types";
import { AppError, type ErrorCode, type Message, type Params } from "@/lib/errors";

/** A step that did not work out. `fall` names the unit whose journal tells why. */
export class Setback extends Error {
  readonly why: Message;
  readonly fall: Fall | null;

  constructor(why: Message, fall: Fall | null = null, options: { cause?: unknown } = {}) {
    super(`${why.code} ${JSON.stringify(why.params)}`, options);
    this.name = "Setback";
    this.why = why;
    this.fall = fall;
  }
}

/** A look that says nothing against the version and nothing for it. */
export class Doubt extends Error {
  readonly why: Message;

  constructor(why: Message) {
    super(`${why.code} ${JSON.stringify(why.params)}`);
    this.name = "Doubt";
    this.why = why;
  }
}

/** Thrown by a check: nothing was changed, and this is why. */
export class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(`${refusal.code} ${JSON.stringify(refusal.params)}`);
    this.name = "Refused";
    this.refusal = refusal;
  }
}

/** Any failure as code and parameters. */
export function messageOf(error: unknown): Message {
  if (error instanceof Setback || error instanceof Doubt) return error.why;
  if (error instanceof Refused) return error.refusal;
  if (error instanceof AppError) return { code: error.code, params: error.params };
  const code = DISK_ERRORS[errnoOf(error)];
  if (code) return { code, params: { path: pathOf(error), name: errnoOf(error) } };
  return { code: "unexpected", params: { text: error instanceof Error ? error.message : String(error) } };
}

/** A failed step has it on record, and the host is looked at next; what nobody foresaw is thrown on. */
export function recorded(error: unknown): void {
  if (!(error instanceof AppError)) throw error;
}

const DISK_ERRORS: { readonly [errno: string]: ErrorCode } = {
  ENOSPC: "no-space",
  EDQUOT: "no-space",
  EROFS: "read-only",
  EACCES: "not-writable",
  EPERM: "not-writable",
  EISDIR: "not-writable",
  EIO: "io-error",
};

function errnoOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** For a rename, what was to be replaced. */
function pathOf(error: unknown): string {
  if (!(error instanceof Error)) return "?";
  if ("dest" in error) return String(error.dest);
  return "path" in error ? String(error.path) : "?";
}

/** The growing record of one deployment; each change is published whole. */
export interface Record {
  readonly current: Deployment;
  update(change: Partial<Deployment>): void;
  /** Runs `work` as a named, timed step; a failure or a doubt is recorded and thrown on. */
  step<T>(name: StepName, direction: Step["direction"], work: () => Promise<T>, params?: Params): Promise<T>;
  finish(outcome: Outcome, message: Message | null): void;
}

/** Starts a record from what is known at the request. `publish` must not throw. */
export function createRecord(initial: Deployment, publish: (deployment: Deployment) => void): Record {
  let current = initial;
  const update = (change: Partial<Deployment>) => {
    current = { ...current, ...change };
    publish(current);
  };
  const replaceStep = (step: Step) =>
    update({ steps: current.steps.map((one) => (one.seq === step.seq ? step : one)) });

  return {
    get current() {
      return current;
    },
    update,
    async step(name, direction, work, params = {}) {
      const began = performance.now();
      const step: Step = {
        seq: current.steps.length + 1,
        name,
        direction,
        params,
        startedAt: Date.now(),
        durationMs: null,
        outcome: "running",
        message: null,
      };
      update({ steps: [...current.steps, step] });
      const end = (outcome: Step["outcome"], message: Message | null) =>
        replaceStep({ ...step, outcome, message, durationMs: Math.round(performance.now() - began) });
      try {
        const value = await work();
        end("done", null);
        return value;
      } catch (error) {
        end(error instanceof Doubt ? "unsure" : "failed", messageOf(error));
        throw error;
      }
    },
    finish(outcome, message) {
      update({ outcome, message, phase: "finished", finishedAt: Date.now(), startsAt: null, endsAt: null });
    },
  };
}
