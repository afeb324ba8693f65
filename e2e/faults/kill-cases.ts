import { upgrade } from "./ask";
import type { Case } from "./cases";
import type { Observed } from "./observe";
import type { Edge, Plan } from "./plan";
import { versionsOf } from "./services";
import { killing, killingAmidFiles, killingForGood, TARGETS } from "./strikes";
import { runTrial, type Trial } from "./trial";

const EDGES: readonly Edge[] = ["before", "after"];
const APP = versionsOf("app");
const TWIN = versionsOf("twin");
const OLD = APP.filter(({ label }) => label === "1.0.0");
const OLD_OR_NEW = (version: string) => APP.filter(({ label }) => label === "1.0.0" || label === version);
/** Once the engine has looked whether the new version stays up, either is right. */
const CONFIRMED = "after/settle";

/** SIGKILL at {before, after} × each step that was observed × {engine, portabled, dbus-daemon, box}, and amid portabled's call. */
export function killCases(observed: Observed): Case[] {
  const points = [
    ...observed.good.map(({ point }) => ({ point, version: "2.0.0" })),
    ...observed.back.map(({ point }) => ({ point, version: "3.0.0" })),
  ];
  const cases = points.flatMap(({ point, version }) =>
    EDGES.flatMap((edge) => {
      const plan: Plan = { point, edge, strike: "pause" };
      const trial = trialOf(version, plan);
      const both: Trial["beside"] = [
        { request: upgrade("twin", "2.0.0", "1.0.0"), allowed: TWIN, known: TWIN },
      ];
      const isOpen = `${edge}/${point}` !== CONFIRMED;
      return [
        ...TARGETS.map((target) =>
          caseOf(`kill/${target}/${edge}/${point}`, { ...trial, strike: killing(target) }),
        ),
        caseOf(`without-engine/${edge}/${point}`, {
          ...trial,
          allowed: isOpen ? OLD : trial.allowed,
          strike: killingForGood("engine"),
        }),
        ...(point.startsWith("back-") || edge === "after"
          ? []
          : [
              caseOf(`without-engine/box/${edge}/${point}`, {
                ...trial,
                allowed: isOpen ? OLD : trial.allowed,
                strike: killingForGood("box"),
              }),
              caseOf(`several/kill/engine/${edge}/${point}`, {
                ...trial,
                strike: killing("engine"),
                beside: both,
              }),
            ]),
      ];
    }),
  );
  const amid = TARGETS.map((target) =>
    caseOf(`kill/${target}/during/attach`, { ...trialOf("2.0.0"), strike: killingAmidFiles(target) }),
  );
  const amidForGood = (["engine", "portabled", "box"] as const).map((target) =>
    caseOf(`without-engine/${target}/during/attach`, {
      ...trialOf("2.0.0"),
      allowed: OLD,
      strike: killingAmidFiles(target, true),
    }),
  );
  return [...cases, ...amid, ...amidForGood];
}

function trialOf(version: string, plan?: Plan): Trial {
  return {
    request: upgrade("app", version, "1.0.0"),
    allowed: OLD_OR_NEW(version),
    known: APP,
    ...(plan ? { plan } : {}),
  };
}

const QUICK = new Set([
  "kill/engine/before/attach",
  "kill/engine/after/attach",
  "kill/engine/during/attach",
  "kill/engine/after/reload",
  "kill/engine/before/settle",
  "kill/engine/after/back-attach",
  "kill/portabled/during/attach",
  "kill/dbus-daemon/before/attach",
  "kill/dbus-daemon/before/restart",
  "kill/box/after/attach",
]);

function caseOf(name: string, trial: Trial): Case {
  return { name, run: (world) => runTrial(world, trial), quick: QUICK.has(name) };
}
