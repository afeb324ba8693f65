"use client";

import { type ReactNode, useActionState, useId, useState } from "react";
import type { Answer, AnswerAction } from "@/components/answer";
import { keepFields } from "@/components/keep-fields";
import { Problem } from "@/components/problem";

interface ReasonedActionProps {
  readonly action: AnswerAction;
  /** Form value of the one thing that is meant. */
  readonly target: string;
  /** Label of the reason. */
  readonly label: string;
  /** Words on the button. */
  readonly children: string;
  /** More fields of the same form. */
  readonly fields?: ReactNode;
}

/** A button that wants a reason, for whoever reads it later. */
export function ReasonedAction({ action, target, label, children, fields }: ReasonedActionProps) {
  const [answer, submit, isPending] = useActionState(action, null);
  const [dismissed, setDismissed] = useState<Answer | null>(null);
  const [text, setText] = useState("");
  const field = useId();
  return (
    <form action={submit} onReset={keepFields} className="reasoned">
      {fields}
      <p className="field field-wide">
        <label htmlFor={field}>{label}</label>
        <input
          id={field}
          name="reason"
          required
          maxLength={2000}
          autoComplete="off"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </p>
      <button
        type="submit"
        name="target"
        value={target}
        className="btn"
        aria-disabled={isPending || undefined}
      >
        {isPending ? "Requested…" : children}
      </button>
      {answer?.error && answer !== dismissed && !isPending && (
        <Problem message={answer.error} onDismiss={() => setDismissed(answer)} />
      )}
    </form>
  );
}
