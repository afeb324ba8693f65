import type { Outcome, Phase, Step } from "@/lib/deploy/types";
import type { TryResult } from "@/lib/health/types";
import type { ServiceState } from "@/lib/services/types";

/** The five tones; each has a shape of its own (see `icon.tsx`) and is never shown without a word. */
export const TONES = ["good", "active", "attention", "bad", "quiet"] as const;
export type Tone = (typeof TONES)[number];

export const STATE_TONES: Record<ServiceState, Tone> = {
  failed: "bad",
  starting: "active",
  stopping: "active",
  running: "good",
  waiting: "good",
  stopped: "quiet",
  detached: "quiet",
  unknown: "quiet",
};

/** Reverted is attention, not green: the service runs, the upgrade did not. */
export const OUTCOME_TONES: Record<Outcome, Tone> = {
  succeeded: "good",
  reverted: "attention",
  refused: "quiet",
  cancelled: "quiet",
  "needs-person": "bad",
};

export const STEP_TONES: Record<Step["outcome"], Tone> = {
  running: "active",
  done: "good",
  failed: "bad",
  unsure: "attention",
};

/** Not checked is attention, not bad: it says nothing about the service. */
export const TRY_TONES: Record<TryResult, Tone> = {
  pass: "good",
  fail: "bad",
  unmeasured: "attention",
};

/** The tone of a deployment, running or over. */
export function deploymentTone(deployment: { phase: Phase; outcome: Outcome | null }): Tone {
  if (deployment.outcome !== null) return OUTCOME_TONES[deployment.outcome];
  return deployment.phase === "going-back" ? "attention" : "active";
}

/** The tone of a unit, by PID 1's ActiveState. */
export function unitTone(active: string): Tone {
  switch (active) {
    case "active":
      return "good";
    case "failed":
      return "bad";
    case "activating":
    case "deactivating":
    case "reloading":
      return "active";
    default:
      return "quiet";
  }
}
