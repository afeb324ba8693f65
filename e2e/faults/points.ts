import type { Deployment, Step } from "@/lib/deploy/types";
import type { Edge } from "./plan";

export interface Point {
  readonly edge: Edge;
  readonly point: string;
}

/**
 * Turns the stream of published deployments into the points it passes: before
 * and after each step. What a deployment has behind it when it is first seen,
 * as after an engine's death, is no point any more.
 */
export function createPoints(): (deployment: Deployment) => Point[] {
  const seen = new Map<string, ReadonlyMap<number, Step["outcome"]>>();
  return ({ id, steps, phase }) => {
    const before = seen.get(id);
    const now = new Map(steps.map((step) => [step.seq, step.outcome]));
    if (phase === "finished") seen.delete(id);
    else seen.set(id, now);
    if (!before) return [];
    return steps.flatMap((step): Point[] => {
      const was = before.get(step.seq);
      if (was === step.outcome) return [];
      return [{ edge: was === undefined ? "before" : "after", point: nameOf(step, steps) }];
    });
  };
}

/** The step's name, marked where it is on the way back, and counted where it is not the first of that name. */
function nameOf(step: Step, steps: readonly Step[]): string {
  const same = steps.filter((one) => one.name === step.name && one.direction === step.direction);
  const nth = same.indexOf(step) + 1;
  return `${step.direction === "back" ? "back-" : ""}${step.name}${nth > 1 ? `-${nth}` : ""}`;
}
