"use client";

import { say } from "@/components/words";
import type { Message } from "@/lib/errors";

/** An error where it happened; it stays until somebody dismisses it. */
export function Problem({ message, onDismiss }: { message: Message; onDismiss: () => void }) {
  const { id } = message.params;
  return (
    <div className="problem" role="alert">
      <p>
        {say(message)}
        {message.code === "deployment-running" && typeof id === "string" && (
          <>
            {" "}
            <a href={`/deployments/${encodeURIComponent(id)}`}>Show it</a>
          </>
        )}
      </p>
      <button type="button" className="btn btn-small" onClick={onDismiss}>
        Dismiss
      </button>
    </div>
  );
}
