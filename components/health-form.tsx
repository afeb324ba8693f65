"use client";

import { useActionState, useId, useState } from "react";
import { fieldName, type HealthAnswer, type TypedHealth } from "@/components/health-text";
import { ProbeFields } from "@/components/probe-fields";
import { Problem } from "@/components/problem";
import type { ProbeAnswer } from "@/lib/health/types";

interface HealthFormProps {
  readonly service: string;
  readonly initial: TypedHealth;
  readonly action: (previous: HealthAnswer | null, form: FormData) => Promise<HealthAnswer>;
}

/** Sets what a version has to show. Tried before it is saved; without scripts it is a form like any other. */
export function HealthForm({ service, initial, action }: HealthFormProps) {
  const [answer, submit, isPending] = useActionState(action, null);
  const [dismissed, setDismissed] = useState<HealthAnswer | null>(null);
  const settle = useId();
  const typed = answer?.typed ?? initial;
  const shown = Math.max(1, typed.probes.findLastIndex(({ address }) => address !== "") + 1);
  const probes = typed.probes.map((probe, n) => (
    <ProbeFields
      key={fieldName(n, "address")}
      number={n}
      typed={probe}
      answer={isPending ? null : (answer?.answers[n] ?? null)}
    />
  ));
  return (
    // Without scripts the answer is a new page, which has to show what came of it.
    <details className="more" open={answer !== null || undefined}>
      <summary>Change what is checked</summary>
      <form action={submit} className="health-form">
        <input type="hidden" name="service" value={service} />
        <input type="hidden" name="tried" value={answer?.tried ?? ""} />
        <p className="field">
          <label htmlFor={settle}>Its units have to stay up for (seconds)</label>
          <input
            id={settle}
            name="settle"
            type="number"
            min={0}
            max={600}
            step="any"
            required
            defaultValue={typed.settle}
          />
        </p>
        {probes.slice(0, shown)}
        {shown < probes.length && (
          <details>
            <summary>More probes</summary>
            {probes.slice(shown)}
          </details>
        )}
        <div className="reason-end">
          <button type="submit" name="do" value="try" className="btn" aria-disabled={isPending || undefined}>
            Try it now
          </button>
          <button type="submit" name="do" value="save" className="btn" aria-disabled={isPending || undefined}>
            Save
          </button>
          <span role="status" className="quiet">
            {isPending ? "Asking…" : summary(answer)}
          </span>
        </div>
        {answer?.error && answer !== dismissed && !isPending && (
          <Problem message={answer.error} onDismiss={() => setDismissed(answer)} />
        )}
      </form>
    </details>
  );
}

function summary(answer: HealthAnswer | null): string {
  if (!answer || answer.error) return "";
  if (answer.isSaved) return "Saved";
  const tried = answer.answers.filter((one): one is ProbeAnswer => one !== null);
  const passed = tried.filter(({ result }) => result === "pass").length;
  return `Tried: ${passed} of ${tried.length} passed. Nothing is saved yet.`;
}
