"use client";

import { useActionState, useEffect, useRef, useState } from "react";
import type { BatchAnswer } from "@/app/(console)/upgrade/batch-answer";
import { BatchProblem } from "@/app/(console)/upgrade/batch-problem";
import { type Choice, firstChoice, readChoice, sizeProblem } from "@/app/(console)/upgrade/choice";
import { cleanText } from "@/components/clean-text";
import { versionName } from "@/components/image-words";
import { keepFields } from "@/components/keep-fields";
import { servicePath } from "@/components/target";
import { say } from "@/components/words";

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
  /** What stands where there are none. */
  readonly nothing: string;
  /** The most that can be begun at once. */
  readonly limit: number;
  readonly isReadOnly: boolean;
  readonly deploy: (previous: BatchAnswer | null, form: FormData) => Promise<BatchAnswer>;
}

/** Choose, read what will happen, press once. Works before (and without) any script. */
export function UpgradeForm({ rows, nothing, limit, isReadOnly, deploy }: UpgradeFormProps) {
  const [answer, submit, isPending] = useActionState(deploy, null);
  const [dismissed, setDismissed] = useState<BatchAnswer | null>(null);
  // Where there are no scripts, an answer is there from the start.
  const [choice, setChoice] = useState<Choice>(() => answer?.chosen ?? firstChoice(rows, limit));
  /** Without scripts nobody sees what is ticked before it is sent. */
  const [isCounted, setIsCounted] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    // What was ticked before the scripts arrived stands in the fields alone.
    if (form.current) setChoice(readChoice(new FormData(form.current)));
    setIsCounted(true);
  }, []);
  const change = (changed: Partial<Choice>) => setChoice({ ...choice, ...changed });
  const isChosen = (row: UpgradeRow) => row.refusal === null && choice.targets.includes(row.target);
  const count = rows.filter(isChosen).length;
  const problem = isCounted ? sizeProblem(count, limit) : null;
  const why = isReadOnly ? "Not possible now; the reason is above." : problem && say(problem);
  const fields = (
    <form
      ref={form}
      action={submit}
      onReset={keepFields}
      className="batch"
      onSubmit={(event) => {
        if (why !== null || isPending) event.preventDefault();
      }}
    >
      <fieldset>
        <legend>What will happen</legend>
        <SelectAll rows={rows} limit={limit} count={count} onSelect={(targets) => change({ targets })} />
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
                  onChange={(event) => {
                    const others = choice.targets.filter((target) => target !== row.target);
                    change({ targets: event.target.checked ? [...others, row.target] : others });
                  }}
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
        {ON_FAILURE.map(([onFailure, words]) => (
          <label key={onFailure}>
            <input
              type="radio"
              name="onFailure"
              value={onFailure}
              checked={choice.onFailure === onFailure}
              onChange={() => change({ onFailure })}
            />
            <span>{words}</span>
          </label>
        ))}
      </fieldset>
      <label className="batch-reason">
        Reason
        <textarea
          name="reason"
          rows={2}
          maxLength={2000}
          value={choice.reason}
          placeholder="Why this is done, for whoever reads it later"
          onChange={(event) => change({ reason: event.target.value })}
        />
      </label>
      <div className="refused">
        <button
          type="submit"
          className="btn btn-primary"
          aria-disabled={why !== null || isPending || undefined}
          aria-describedby={why === null ? undefined : "batch-why"}
        >
          {isPending ? "Requested…" : isCounted ? countWords(count) : "Upgrade those chosen"}
        </button>
        {why !== null && (
          <span id="batch-why" className="why">
            {why}
          </span>
        )}
      </div>
    </form>
  );
  return (
    <>
      {rows.length === 0 ? <p className="nothing">{nothing}</p> : fields}
      {answer && answer !== dismissed && !isPending && (
        <BatchProblem answer={answer} onDismiss={() => setDismissed(answer)} />
      )}
    </>
  );
}

const ON_FAILURE = [
  [
    "stop",
    "Stop: those below it keep the version that they run now, or go back to it. Probes that do not agree count as a failure too",
  ],
  ["go-on", "Go on with the others"],
] as const;

interface SelectAllProps extends Pick<UpgradeFormProps, "rows" | "limit"> {
  /** How many are ticked. */
  readonly count: number;
  readonly onSelect: (targets: Choice["targets"]) => void;
}

function SelectAll({ rows, limit, count, onSelect }: SelectAllProps) {
  const choosable = rows.filter(({ refusal }) => refusal === null).length;
  return (
    <>
      {choosable > limit && (
        <p className="quiet">
          {`At most ${limit} can be begun at once, so of these ${choosable} the first ${limit} are ticked to begin with. The others can follow.`}
        </p>
      )}
      <div className="batch-select">
        <button
          type="button"
          className="btn btn-small"
          onClick={() => onSelect(firstChoice(rows, limit).targets)}
        >
          {choosable > limit ? `Select the first ${limit}` : "Select all"}
        </button>
        <button type="button" className="btn btn-small" onClick={() => onSelect([])}>
          Select none
        </button>
        <span role="status" className="quiet">
          {`${count} of ${choosable} chosen`}
        </span>
      </div>
    </>
  );
}

function countWords(count: number): string {
  return count === 1 ? "Upgrade this one" : `Upgrade these ${count}`;
}

function whatRestarts(units: readonly string[]): string {
  if (units.length === 0) return "Nothing of it runs, so nothing is restarted.";
  return `${units.map((unit) => cleanText(unit)).join(", ")} will be restarted.`;
}
