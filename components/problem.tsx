"use client";

import { say } from "@/components/words";
import type { Message } from "@/lib/errors";

/** An error where it happened; it stays until somebody dismisses it. */
export function Problem({ message, onDismiss }: { message: Message; onDismiss: () => void }) {
  return (
    <div className="problem" role="alert">
      <p>
        <ProblemWords message={message} />
      </p>
      <button type="button" className="btn btn-small" onClick={onDismiss}>
        Dismiss
      </button>
    </div>
  );
}

/** What is the matter; with a link, where something else is in the way. */
export function ProblemWords({ message }: { message: Message }) {
  const { id } = message.params;
  return (
    <>
      {say(message)}
      {message.code === "deployment-running" && typeof id === "string" && (
        <>
          {" "}
          <a href={`/deployments/${encodeURIComponent(id)}`}>Show it</a>
        </>
      )}
    </>
  );
}
