import { expect, it } from "vitest";
import type { Deployment } from "@/lib/deploy/types";
import { aDeployment } from "@/lib/history/fixtures";
import { verdictOf } from "@/lib/history/verdict";

const because = (code: string, params = {}) => ({ message: { code, params } });

it.each<[string, Partial<Deployment>, "up" | "down" | null]>([
  ["an upgrade that holds", {}, "up"],
  ["a rollback that holds", { kind: "rollback" }, "up"],
  ["a restart", { kind: "restart" }, null],
  ["a detach", { kind: "detach", to: null }, null],
  ["a unit that failed", { outcome: "reverted", ...because("unit-failed") }, "down"],
  ["a job that failed", { outcome: "reverted", ...because("job-failed") }, "down"],
  [
    "neither version comes up",
    { outcome: "needs-person", ...because("could-not-go-back", { first: "unit-stopped" }) },
    "down",
  ],
  [
    "a new layer failed on the same base",
    { to: aDeployment(1).from, outcome: "reverted", ...because("unit-failed") },
    null,
  ],
  ["a probe that failed", { outcome: "reverted", ...because("probe-failed") }, "down"],
  ["a probe that could not be tried", because("probe-unchecked"), null],
  ["a probe with mixed answers", because("probe-undecided"), null],
  ["sent back by a person", { outcome: "reverted", ...because("sent-back") }, null],
  ["the bus was lost", { outcome: "reverted", ...because("bus-unreachable") }, null],
  ["refused", { outcome: "refused", ...because("unit-exists") }, null],
  ["still under way", { outcome: null, message: null }, null],
])("%s", (_name, change, verdict) => {
  expect(verdictOf(aDeployment(1, change))).toBe(verdict);
});
