import { upgrade } from "./ask";
import type { Case } from "./cases";
import type { Version } from "./checker";
import type { Observed, Passed } from "./observe";
import { GOOD, type Operation } from "./operations";
import type { Edge } from "./plan";
import { versionsOf } from "./services";
import { killing, killingAmidFiles, killingForGood, TARGETS } from "./strikes";
import { runTrial, type Trial } from "./trial";

const EDGES: readonly Edge[] = ["before", "after"];
const TWIN = versionsOf("twin").filter(({ label }) => label !== "0.9.0");
const OLD = versionsOf("app").filter(({ label }) => label === "1.0.0");
const BESIDE: NonNullable<Trial["beside"]> = [
  { request: upgrade("twin", "2.0.0", "1.0.0"), allowed: TWIN, known: TWIN },
];

/** SIGKILL at {before, after} × each step that was observed × {engine, portabled, dbus-daemon, box}, and amid portabled's call. */
export function killCases({ good, back, others }: Observed): Case[] {
  return [
    ...atEdges([...good, ...back]).flatMap(({ operation, at, plan }) => [
      ...TARGETS.map((target) =>
        caseOf(`kill/${target}/${at}`, operation, { plan, strike: killing(target) }),
      ),
      caseOf(
        `without-engine/${at}`,
        operation,
        { plan, strike: killingForGood("engine") },
        oldUnlessConfirmed(at),
      ),
    ]),
    ...atEdges(good)
      .filter(({ plan }) => plan.edge === "before")
      .flatMap(({ operation, at, plan }) => [
        caseOf(
          `without-engine/box/${at}`,
          operation,
          { plan, strike: killingForGood("box") },
          oldUnlessConfirmed(at),
        ),
        caseOf(`several/kill/engine/${at}`, operation, { plan, strike: killing("engine"), beside: BESIDE }),
      ]),
    ...atEdges(others).flatMap(({ operation, at, plan }) =>
      (["engine", "box"] as const).map((target) =>
        caseOf(`kill/${target}/${operation.title}/${at}`, operation, { plan, strike: killing(target) }),
      ),
    ),
    ...TARGETS.map((target) =>
      caseOf(`kill/${target}/during/attach`, GOOD, { strike: killingAmidFiles(target) }),
    ),
    caseOf("kill/engine+portabled/during/attach", GOOD, {
      strike: killingAmidFiles("portabled", { with: "engine" }),
    }),
    ...(["engine", "portabled", "box"] as const).map((target) =>
      caseOf(
        `without-engine/${target}/during/attach`,
        GOOD,
        { strike: killingAmidFiles(target, { withoutEngine: true }) },
        OLD,
      ),
    ),
  ];
}

function atEdges(passed: readonly Passed[]) {
  return passed.flatMap(({ operation, point }) =>
    EDGES.map((edge) => ({
      operation,
      at: `${edge}/${point}`,
      plan: { point, edge, strike: "pause" as const },
    })),
  );
}

/** Once the engine has looked whether the new version stays up, either is right; before that only the old one is. */
function oldUnlessConfirmed(at: string): readonly Version[] | undefined {
  return at === "after/settle" ? undefined : OLD;
}

const QUICK = new Set([
  "kill/engine/before/attach",
  "kill/engine/after/attach",
  "kill/engine/during/attach",
  "kill/engine/after/reload",
  "kill/engine/before/settle",
  "kill/engine/after/back-attach",
  "kill/engine/detach/before/detach",
  "kill/portabled/during/attach",
  "kill/dbus-daemon/before/attach",
  "kill/dbus-daemon/before/restart",
  "kill/box/after/attach",
  "kill/box/during/attach",
  "without-engine/after/attach",
  "without-engine/before/settle",
  "without-engine/portabled/during/attach",
  "without-engine/box/before/settle",
]);

function caseOf(
  name: string,
  { request, allowed, known, prepare }: Operation,
  more: Pick<Trial, "plan" | "strike" | "beside">,
  only: Trial["allowed"] = allowed,
): Case {
  return {
    name,
    quick: QUICK.has(name),
    run: async (world) => {
      await prepare(world);
      return runTrial(world, { request, known, allowed: only, ...more });
    },
  };
}
