"use client";

import { type BatchAnswer, sayRefused } from "@/app/(console)/upgrade/batch-answer";
import { cleanText } from "@/components/clean-text";
import { Problem, ProblemWords } from "@/components/problem";

/** Every service that was refused, each with its reason, and the way to those that were begun. */
export function BatchProblem({ answer, onDismiss }: { answer: BatchAnswer; onDismiss: () => void }) {
  const { chosen, refused, error } = answer;
  if (error) return <Problem message={error} onDismiss={onDismiss} />;
  if (!refused) return null;
  return (
    <div className="problem" role="alert">
      <div>
        <p>{sayRefused(refused, chosen.targets.length)}</p>
        <ul>
          {refused.refused.map(({ service, why }) => (
            <li key={service}>
              <strong>{`${cleanText(service)}:`}</strong> <ProblemWords message={why} />
            </li>
          ))}
        </ul>
        {refused.begun > 0 && (
          <p>
            <a href={`/history?batch=${refused.batch}`}>Show what was begun</a>
          </p>
        )}
      </div>
      <button type="button" className="btn btn-small" onClick={onDismiss}>
        Dismiss
      </button>
    </div>
  );
}
