"use client";

import { useActionState, useState } from "react";
import type { Answer, AnswerAction } from "@/components/answer";
import { cleanText } from "@/components/clean-text";
import { versionName } from "@/components/image-words";
import { Problem } from "@/components/problem";
import { servicePath } from "@/components/target";

/** What would happen to one service. */
export interface UpgradeRow {
  readonly service: string;
  readonly from: string;
  readonly to: string;
  /** The form value that asks for it. */
  readonly target: string;
  /** Units that would be restarted. */
  readonly restarts: readonly string[];
  /** Why it cannot be upgraded now, in words. */
  readonly refusal: string | null;
}

interface UpgradeFormProps {
  readonly rows: readonly UpgradeRow[];
  readonly isReadOnly: boolean;
  readonly deploy: AnswerAction;
}

/** Choose, read what will happen, press once. Works before (and without) any script. */
export function UpgradeForm({ rows, isReadOnly, deploy }: UpgradeFormProps) {
  const [answer, submit, isPending] = useActionState(deploy, null);
  const [dismissed, setDismissed] = useState<Answer | null>(null);
  // What comes onto the list later was not there to be chosen.
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set(rows.map((row) => row.service)));
  const isChosen = (row: UpgradeRow) => row.refusal === null && ticked.has(row.service);
  const chosen = rows.filter(isChosen).length;
  const tick = (service: string, isTicked: boolean) => {
    const next = new Set(ticked);
    if (isTicked) next.add(service);
    else next.delete(service);
    setTicked(next);
  };
  const why = isReadOnly
    ? "Not possible now; the reason is above."
    : chosen === 0
      ? "Choose at least one service."
      : null;
  return (
    <form
      action={submit}
      className="batch"
      onSubmit={(event) => {
        if (why !== null || isPending) event.preventDefault();
      }}
    >
      <fieldset>
        <legend>What will happen</legend>
        <ul className="batch-rows">
          {rows.map((row) => (
            <li key={row.service}>
              <label>
                <input
                  type="checkbox"
                  name="targets"
                  value={row.target}
                  checked={isChosen(row)}
                  disabled={row.refusal !== null}
                  onChange={(event) => tick(row.service, event.target.checked)}
                />
                <span>
                  <strong>{cleanText(row.service)}</strong>{" "}
                  <code>{`${versionName(row.from)} → ${versionName(row.to)}`}</code>
                </span>
              </label>
              <p className="quiet">
                {row.refusal ?? whatRestarts(row.restarts)}{" "}
                <a href={servicePath(row.service)}>{`Look at ${cleanText(row.service)}`}</a>
              </p>
            </li>
          ))}
        </ul>
      </fieldset>
      <fieldset>
        <legend>If one of them fails</legend>
        <p className="quiet">It comes back to the version from before, by itself, in either case.</p>
        <label>
          <input type="radio" name="onFailure" value="stop" defaultChecked />
          <span>
            Stop, also where its probes do not agree: those listed behind it are left, or put back, as they
            are now
          </span>
        </label>
        <label>
          <input type="radio" name="onFailure" value="go-on" />
          <span>Go on with the others</span>
        </label>
      </fieldset>
      <label className="batch-reason">
        Reason
        <textarea
          name="reason"
          rows={2}
          maxLength={2000}
          placeholder="Why this is done, for whoever reads it later"
        />
      </label>
      <div className="refused">
        <button
          type="submit"
          className="btn btn-primary"
          aria-disabled={why !== null || isPending || undefined}
          aria-describedby={why === null ? undefined : "batch-why"}
        >
          {isPending ? "Requested…" : chosen === 1 ? "Upgrade this one" : `Upgrade these ${chosen}`}
        </button>
        {why !== null && (
          <span id="batch-why" className="why">
            {why}
          </span>
        )}
      </div>
      {answer?.error && answer !== dismissed && !isPending && (
        <Problem message={answer.error} onDismiss={() => setDismissed(answer)} />
      )}
    </form>
  );
}

function whatRestarts(units: readonly string[]): string {
  if (units.length === 0) return "Nothing of it runs, so nothing is restarted.";
  return `${units.map((unit) => cleanText(unit)).join(", ")} will be restarted.`;
}
