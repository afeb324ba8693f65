import { describe, expect, it } from "vitest";
import { BLANK } from "@/lib/deploy/run.fixture";
import type { Deployment, Step } from "@/lib/deploy/types";
import { createPoints } from "./points";

const step = (seq: number, name: Step["name"], outcome: Step["outcome"], direction: Step["direction"]) => ({
  ...{ seq, name, outcome, direction, params: {}, startedAt: 0, durationMs: null, message: null },
});
const running = (seq: number, name: Step["name"]) => step(seq, name, "running", "forward");
const done = (seq: number, name: Step["name"]) => step(seq, name, "done", "forward");
const deployment = (steps: readonly Step[]): Deployment => ({ ...BLANK, phase: "switching", steps });

describe("points of a deployment", () => {
  it("are before and after each step, counted where a name comes again", () => {
    const points = createPoints();
    const passed = [
      [],
      [running(1, "reload")],
      [done(1, "reload")],
      [done(1, "reload"), running(2, "reload")],
      [done(1, "reload"), running(2, "reload"), step(3, "reload", "running", "back")],
    ].flatMap((steps) => points(deployment(steps)));
    expect(passed).toEqual([
      { edge: "before", point: "reload" },
      { edge: "after", point: "reload" },
      { edge: "before", point: "reload-2" },
      { edge: "before", point: "back-reload" },
    ]);
  });

  it("do not begin anew with an engine that takes a deployment over", () => {
    const points = createPoints();
    expect(points(deployment([done(1, "check"), running(2, "attach")]))).toEqual([]);
  });
});
