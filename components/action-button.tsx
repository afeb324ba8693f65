"use client";

import { type ReactNode, useActionState, useState } from "react";
import type { Answer, AnswerAction } from "@/components/answer";
import { keepFields } from "@/components/keep-fields";
import { Problem } from "@/components/problem";

interface ActionButtonProps {
  readonly action: AnswerAction;
  /** Name and value of the one field that the action reads. */
  readonly name: string;
  readonly value: string;
  readonly children: ReactNode;
  readonly look?: "primary" | "plain" | "small";
  /** More fields of the same form, e.g. a note. */
  readonly fields?: ReactNode;
}

/** One click, one request: says "Requested" until the host says more, and keeps an error beside itself. */
export function ActionButton({ action, name, value, children, look = "plain", fields }: ActionButtonProps) {
  const [answer, submit, isPending] = useActionState(action, null);
  const [dismissed, setDismissed] = useState<Answer | null>(null);
  return (
    <form action={submit} onReset={keepFields} className="action">
      {fields}
      <button
        type="submit"
        name={name}
        value={value}
        className={`btn btn-${look}`}
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

/** A button that cannot be pressed now, with the reason in text beside it; it keeps its place in the tab order. */
export function RefusedButton({ children, reason, id }: { children: ReactNode; reason: string; id: string }) {
  return (
    <div className="refused">
      <button type="button" className="btn" aria-disabled="true" aria-describedby={id}>
        {children}
      </button>
      <span id={id} className="why">
        {reason}
      </span>
    </div>
  );
}
