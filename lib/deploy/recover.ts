import { readAttachedFiles } from "@/lib/deploy/collateral";
import { goBack } from "@/lib/deploy/go-back";
import { readAttachment } from "@/lib/deploy/ground";
import type { Intent, Stage } from "@/lib/deploy/intent";
import { Setback } from "@/lib/deploy/record";
import { finishSwitch, type Run } from "@/lib/deploy/run";
import type { Kind } from "@/lib/deploy/types";

/** What the host shows of the service when the engine comes back. */
export type Found = "old" | "new" | "nothing" | "other";

export const RECOVERIES = ["forget", "finish", "go-back", "finish-detach", "look-again", "ask"] as const;
export type Recovery = (typeof RECOVERIES)[number];

/**
 * Each stage that an engine can die in, times each thing the host can look
 * like afterwards: one action. For a first attach `old` means "nothing was
 * attached", so `nothing` never occurs; for a detach `new` means the same.
 */
const SWITCH: Record<Stage, Record<Found, Recovery>> = {
  planned: { old: "forget", new: "forget", nothing: "forget", other: "forget" },
  switching: { old: "forget", new: "finish", nothing: "go-back", other: "ask" },
  "going-back": { old: "go-back", new: "go-back", nothing: "go-back", other: "ask" },
};
const DETACH: Record<Stage, Record<Found, Recovery>> = {
  planned: { old: "forget", new: "forget", nothing: "forget", other: "forget" },
  switching: { old: "go-back", new: "finish-detach", nothing: "finish-detach", other: "ask" },
  "going-back": { old: "go-back", new: "go-back", nothing: "go-back", other: "ask" },
};
const RESTART: Record<Stage, Record<Found, Recovery>> = {
  planned: { old: "forget", new: "forget", nothing: "forget", other: "forget" },
  switching: { old: "look-again", new: "look-again", nothing: "ask", other: "ask" },
  "going-back": { old: "look-again", new: "look-again", nothing: "ask", other: "ask" },
};

/** Looks up what to do with an interrupted deployment; pure. */
export function decideRecovery(kind: Kind, stage: Stage, found: Found): Recovery {
  const table = kind === "detach" ? DETACH : kind === "restart" ? RESTART : SWITCH;
  return table[stage][found];
}

/** Settles one interrupted deployment by reading the host. Never throws: the record says how it ended. */
export async function recoverDeployment(run: Run, intent: Intent): Promise<void> {
  const { host, record, plan } = run;
  const interrupted = new Setback({ code: "engine-restarted", params: {} });
  const now = await readAttachment(host, plan.service);
  const wayBack = intent.wayBack;
  const recovery = wayBack
    ? decideRecovery(plan.kind, intent.stage, findingOf(intent, now?.path ?? null))
    : "forget";
  if (!wayBack || recovery === "forget") {
    record.finish("refused", { code: "engine-restarted", params: {} });
    return;
  }
  switch (recovery) {
    case "finish": {
      if (!now) return goBack(run, intent, wayBack, interrupted, []);
      const after = await readAttachedFiles(host.paths, [now]);
      return finishSwitch(run, intent, wayBack, { attachment: now, before: new Map(), after });
    }
    case "go-back":
      return goBack(run, intent, wayBack, interrupted, []);
    case "finish-detach":
      await record.step("reload", "forward", () => host.systemd.reload());
      return record.finish("succeeded", { code: "detached", params: {} });
    case "look-again":
      return lookAgain(
        run,
        wayBack.running.map(({ unit }) => unit),
      );
    case "ask":
      return record.finish("needs-person", { code: "changed-meanwhile", params: { now: now?.path ?? "" } });
    default:
      return recovery satisfies never;
  }
}

function findingOf(intent: Intent, now: string | null): Found {
  const { plan } = intent;
  if (now === (plan.from?.path ?? null)) return "old";
  if (now === (plan.kind === "detach" ? null : (plan.to?.path ?? null))) return "new";
  return now === null ? "nothing" : "other";
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
