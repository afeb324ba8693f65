import { useId } from "react";
import { cleanText } from "@/components/clean-text";
import { fieldName, type PROBE_FIELDS, type TypedProbe } from "@/components/health-text";
import { Status } from "@/components/icon";
import { measured, TRY_WORDS } from "@/components/probe-words";
import { TRY_TONES } from "@/components/tones";
import { say } from "@/components/words";
import type { ProbeAnswer } from "@/lib/health/types";

interface ProbeFieldsProps {
  /** From 0. */
  readonly number: number;
  readonly typed: TypedProbe;
  readonly answer: ProbeAnswer | null;
}

/** One probe of the form, and what came of trying it. */
export function ProbeFields({ number, typed, answer }: ProbeFieldsProps) {
  const id = useId();
  const field = (which: (typeof PROBE_FIELDS)[number]) => ({
    id: `${id}-${which}`,
    name: fieldName(number, which),
    defaultValue: typed[which],
  });
  const label = (which: (typeof PROBE_FIELDS)[number], words: string) => (
    <label htmlFor={`${id}-${which}`}>{words}</label>
  );
  return (
    <fieldset className="probe">
      <legend>{`Probe ${number + 1}`}</legend>
      <p className="field field-wide">
        {label("address", "Address on this host; empty for none")}
        <input
          {...field("address")}
          maxLength={500}
          autoComplete="off"
          spellCheck={false}
          aria-describedby={`${id}-help`}
        />
        <span className="quiet" id={`${id}-help`}>
          {"Like "}
          <code>http://127.0.0.1:8080/up</code>
          {", "}
          <code>127.0.0.1:5432</code>
          {" or "}
          <code>/run/web.sock</code>
        </span>
      </p>
      <p className="field">
        {label("status", "Expected status (HTTP)")}
        <input {...field("status")} type="number" min={100} max={599} required />
      </p>
      <p className="field field-wide">
        {label("text", "Text to find (HTTP); empty for any")}
        <input {...field("text")} maxLength={200} autoComplete="off" />
      </p>
      <p className="field">
        {label("interval", "Asked every (seconds)")}
        <input {...field("interval")} type="number" min={0.2} max={60} step="any" required />
      </p>
      <p className="field">
        {label("passes", "Passes in a row")}
        <input {...field("passes")} type="number" min={1} max={20} required />
      </p>
      <p className="field">
        {label("deadline", "Within (seconds)")}
        <input {...field("deadline")} type="number" min={1} max={600} step="any" required />
      </p>
      {answer && (
        <div className="probe-answer">
          <p>
            <Status tone={TRY_TONES[answer.result]} word={TRY_WORDS[answer.result]} />
            {` ${say(answer.message)} `}
            <span className="quiet">{`${measured(answer)}.`}</span>
          </p>
          {answer.firstBytes !== "" && (
            <p>
              {"It begins with "}
              <code>{cleanText(answer.firstBytes)}</code>
            </p>
          )}
        </div>
      )}
    </fieldset>
  );
}
