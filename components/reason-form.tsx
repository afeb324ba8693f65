"use client";

import { useActionState, useId, useState } from "react";
import type { Answer, AnswerAction } from "@/components/answer";
import { Problem } from "@/components/problem";

/** Why it was done: can be written while it runs and years later. */
export function ReasonForm({ id, reason, save }: { id: string; reason: string; save: AnswerAction }) {
  const [answer, submit, isPending] = useActionState(save, null);
  const [dismissed, setDismissed] = useState<Answer | null>(null);
  const [text, setText] = useState(reason);
  const field = useId();
  const isSaved = answer?.error === null && !isPending && text.trim() === reason;
  return (
    <form action={submit} className="reason">
      <label htmlFor={field}>Reason</label>
      <textarea
        id={field}
        name="reason"
        rows={2}
        maxLength={2000}
        value={text}
        placeholder="Why this was done, for whoever reads it later"
        onChange={(event) => setText(event.target.value)}
      />
      <div className="reason-end">
        <button
          type="submit"
          name="deployment"
          value={id}
          className="btn"
          aria-disabled={isPending || undefined}
        >
          {isPending ? "Saving…" : "Save the reason"}
        </button>
        <span role="status" className="quiet">
          {isSaved ? "Saved" : ""}
        </span>
      </div>
      {answer?.error && answer !== dismissed && !isPending && (
        <Problem message={answer.error} onDismiss={() => setDismissed(answer)} />
      )}
    </form>
  );
}
