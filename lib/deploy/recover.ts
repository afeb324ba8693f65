import { type Images, isSameImages, isWhole, type Switched, untilIdle } from "@/lib/deploy/attach";
import { isAnythingLeft, readAttachedFiles } from "@/lib/deploy/collateral";
import { type Armed, callOff, FIRED, runWayBack } from "@/lib/deploy/dead-man";
import { finishSwitch, resumeTrial } from "@/lib/deploy/finish";
import { goBack } from "@/lib/deploy/go-back";
import { readAttachment } from "@/lib/deploy/ground";
import type { Host } from "@/lib/deploy/host";
import type { Intent, Stage, WayBack } from "@/lib/deploy/intent";
import { isOutage, untilReachable } from "@/lib/deploy/outage";
import { type Record as DeploymentRecord, messageOf, recorded, Setback } from "@/lib/deploy/record";
import type { Run } from "@/lib/deploy/run";
import type { Kind, VersionRef } from "@/lib/deploy/types";
import { imageLinks } from "@/lib/deploy/way-back-files";
import type { Attachment } from "@/lib/services/types";

/**
 * What the host shows of the service when the engine comes back. `part`: some
 * files of the old or the new version, which is what a death in the middle
 * leaves; `nothing`: not one of them.
 */
export type Found = "old" | "new" | "part" | "nothing" | "other";

export const RECOVERIES = [
  "forget",
  "finish",
  "go-back",
  "finish-detach",
  "resume-trial",
  "look-again",
  "ask",
] as const;
export type Recovery = (typeof RECOVERIES)[number];

/**
 * Each stage that an engine can die in, times each thing the host can look
 * like afterwards: one action. For a first attach `old` means "nothing was
 * attached" and not a file is left of an attempt, so `nothing` never occurs; for
 * a detach `new` means that nothing is left.
 */
const SWITCH: Record<Stage, Record<Found, Recovery>> = {
  planned: { old: "forget", new: "forget", part: "forget", nothing: "forget", other: "forget" },
  switching: { old: "forget", new: "finish", part: "go-back", nothing: "go-back", other: "ask" },
  // Nobody here detaches what is on trial before another stage is on disk, or PID 1 has fired.
  trial: { old: "go-back", new: "resume-trial", part: "go-back", nothing: "ask", other: "ask" },
  "going-back": { old: "go-back", new: "go-back", part: "go-back", nothing: "go-back", other: "ask" },
};
const DETACH: Record<Stage, Record<Found, Recovery>> = {
  planned: { old: "forget", new: "forget", part: "forget", nothing: "forget", other: "forget" },
  switching: {
    old: "go-back",
    new: "finish-detach",
    part: "go-back",
    nothing: "finish-detach",
    other: "ask",
  },
  trial: { old: "ask", new: "ask", part: "ask", nothing: "ask", other: "ask" }, // a detach has none
  "going-back": { old: "go-back", new: "go-back", part: "go-back", nothing: "go-back", other: "ask" },
};
const RESTART: Record<Stage, Record<Found, Recovery>> = {
  planned: { old: "forget", new: "forget", part: "forget", nothing: "forget", other: "forget" },
  switching: { old: "look-again", new: "look-again", part: "ask", nothing: "ask", other: "ask" },
  trial: { old: "ask", new: "ask", part: "ask", nothing: "ask", other: "ask" }, // nor a restart
  "going-back": { old: "look-again", new: "look-again", part: "ask", nothing: "ask", other: "ask" },
};
/** Old and new are the same version, so nothing tells whether it was attached anew already: it is only brought up again. */
const REATTACH: Record<Stage, Record<Found, Recovery>> = {
  planned: { old: "forget", new: "forget", part: "forget", nothing: "forget", other: "forget" },
  switching: { old: "go-back", new: "finish", part: "go-back", nothing: "go-back", other: "ask" },
  trial: { old: "ask", new: "ask", part: "ask", nothing: "ask", other: "ask" }, // nor this
  "going-back": { old: "go-back", new: "go-back", part: "go-back", nothing: "go-back", other: "ask" },
};
/** Never run here: they are on record from their first moment on. */
const DONE: Record<Stage, Record<Found, Recovery>> = {
  planned: { old: "forget", new: "forget", part: "forget", nothing: "forget", other: "forget" },
  switching: { old: "forget", new: "forget", part: "forget", nothing: "forget", other: "forget" },
  trial: { old: "forget", new: "forget", part: "forget", nothing: "forget", other: "forget" },
  "going-back": { old: "forget", new: "forget", part: "forget", nothing: "forget", other: "forget" },
};
const TABLES: Record<Kind, Record<Stage, Record<Found, Recovery>>> = {
  attach: SWITCH,
  upgrade: SWITCH,
  rollback: SWITCH,
  detach: DETACH,
  restart: RESTART,
  reattach: REATTACH,
  change: DONE,
  adopt: DONE,
};

/** Looks up what to do with an interrupted deployment; pure. */
export function decideRecovery(kind: Kind, stage: Stage, found: Found): Recovery {
  return TABLES[kind][stage][found];
}

/** Settles one interrupted deployment by reading the host. Never throws: the record says how it ended. */
export async function recoverDeployment(run: Run, intent: Intent): Promise<void> {
  const { record } = run;
  try {
    closeSteps(record);
    await settleIntent(run, intent);
  } catch (error) {
    record.finish("needs-person", messageOf(error));
  }
}

async function settleIntent(run: Run, intent: Intent): Promise<void> {
  const { host, record } = run;
  const { wayBack } = intent;
  if (!wayBack) return record.finish("refused", { code: "engine-restarted", params: {} });
  const armed = await run.deadMan.takeOver(record.current.id);
  for (;;) {
    try {
      return await settleFrom(run, intent, wayBack, armed);
    } catch (error) {
      if (isOutage(error)) await untilReachable(host.systemd);
      else if (run.plan.kind === "restart") throw error;
      else return await goBack(run, intent, wayBack, error, armed, { isRecovery: true });
    }
  }
}

/** May be tried again after an outage of the bus: where it goes on or back, nothing is thrown any more. */
async function settleFrom(run: Run, intent: Intent, wayBack: WayBack, armed: Armed | null): Promise<void> {
  const { host, record, plan } = run;
  // What PID 1 has begun comes to its end first; it always goes back.
  if (armed?.hasFired()) await record.step("way-back", "back", () => runWayBack(host, armed)).catch(recorded);
  await untilIdle(host); // a call of the earlier life may still be at work
  const now = await readAttachment(host, plan.service);
  const stage = armed?.hasFired() ? "going-back" : intent.stage;
  const recovery = decideRecovery(plan.kind, stage, await findingOf(host, intent, wayBack, now));
  const cause = armed?.hasFired() ? new Setback(FIRED) : INTERRUPTED;
  switch (recovery) {
    case "forget":
      await callOff(armed);
      return record.finish("refused", { code: "engine-restarted", params: {} });
    case "finish":
      if (now) return finishSwitch(run, intent, wayBack, await switchedBefore(host, wayBack, now), armed);
      return goBack(run, intent, wayBack, cause, armed, { isRecovery: true });
    case "resume-trial":
      if (now) return resumeTrial(run, intent, wayBack, now, armed);
      return goBack(run, intent, wayBack, cause, armed, { isRecovery: true });
    case "go-back":
      return goBack(run, intent, wayBack, cause, armed, { isRecovery: true });
    case "finish-detach":
      await record.step("reload", "forward", () => host.systemd.reload());
      await callOff(armed);
      return record.finish("succeeded", { code: "detached", params: {} });
    case "look-again":
      return lookAgain(
        run,
        wayBack.running.map(({ unit }) => unit),
      );
    case "ask":
      await armed
        ?.callOff()
        .catch((error: unknown) => console.error("the way back is not called off:", error));
      return record.finish("needs-person", { code: "changed-meanwhile", params: { now: now?.path ?? "" } });
    default:
      return recovery satisfies never;
  }
}

async function findingOf(
  host: Host,
  { plan, choice }: Intent,
  { attachment: old }: WayBack,
  now: Attachment | null,
): Promise<Found> {
  if (now === null) {
    if (old === null) return isAnythingLeft(host.paths, plan, choice?.units ?? []) ? "part" : "old";
    if (await isAnyOfIt(host, old)) return "part";
    return plan.kind === "detach" ? "new" : "nothing";
  }
  if (old && isSameImages(now, old)) return isWhole(now, old, old.units) ? "old" : "part";
  const next = plan.to && imagesOf(plan.to);
  if (next && isSameImages(now, next)) return isWhole(now, next, choice?.units ?? []) ? "new" : "part";
  return "other";
}

/** A drop-in without its unit, or portabled's link to the image, is no attachment and still not gone. */
async function isAnyOfIt({ paths }: Host, old: Attachment): Promise<boolean> {
  return (await readAttachedFiles(paths, [old])).size > 0 || (await imageLinks(paths, old)).length > 0;
}

function imagesOf({ path, layers = [] }: VersionRef): Images {
  return { path, extensions: layers.map((layer) => layer.path) };
}

/** The step that was under way when the engine died will not end any more. */
function closeSteps(record: DeploymentRecord): void {
  const message = { code: "engine-restarted", params: {} };
  const steps = record.current.steps.map((step) =>
    step.outcome === "running" ? { ...step, outcome: "failed" as const, message } : step,
  );
  record.update({ steps });
}

const INTERRUPTED = new Setback({ code: "engine-restarted", params: {} });

/** What the earlier life has done: a unit with another run than the one written down was restarted already. */
async function switchedBefore(host: Host, wayBack: WayBack, attachment: Attachment): Promise<Switched> {
  const done = new Set<string>();
  for (const { unit, invocationId } of wayBack.running) {
    const status = await host.systemd.unitStatus(unit);
    if (status.active === "active" && status.invocationId !== invocationId) done.add(unit);
  }
  return { attachment, files: await readAttachedFiles(host.paths, [attachment]), done };
}

/** A restart that was cut short: whatever is up now counts. */
async function lookAgain({ host, record }: Run, units: readonly string[]): Promise<void> {
  const states = await host.systemd.unitStates(units);
  const fallen = states.find((state) => state.active !== "active" && state.active !== "activating");
  if (fallen)
    record.finish("needs-person", {
      code: "unit-failed",
      params: { unit: fallen.name, result: "", status: 0 },
    });
  else record.finish("succeeded", { code: "stays-up", params: {} });
}
