import { Icon } from "@/components/icon";
import { duration } from "@/components/time-words";
import { STEP_TONES } from "@/components/tones";
import { STEP_OUTCOME_WORDS, say, sayStep } from "@/components/words";
import type { Step } from "@/lib/deploy/types";

/** The steps of a deployment in the order in which they began; those towards the old version are set apart. */
export function StepList({ steps, now }: { steps: readonly Step[]; now: number }) {
  return (
    <ol className="steps">
      {steps.map((step) => (
        <li key={step.seq} className={step.direction === "back" ? "step step-back" : "step"}>
          <span className={`step-state tone-${STEP_TONES[step.outcome]}`}>
            <Icon tone={STEP_TONES[step.outcome]} />
            <span className="sr">{`${STEP_OUTCOME_WORDS[step.outcome]}: `}</span>
          </span>
          <span className="step-name">
            {sayStep(step)}
            {step.message && <span className="step-message">{say(step.message)}</span>}
          </span>
          <span className="step-time">{duration(step.durationMs ?? now - step.startedAt)}</span>
        </li>
      ))}
    </ol>
  );
}
