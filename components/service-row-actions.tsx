import { Countdown } from "@/components/countdown";
import {
  backWords,
  cancelWords,
  isLayerOnly,
  resultSentence,
  runningSentence,
} from "@/components/deployment-words";
import { Icon } from "@/components/icon";
import { versionName } from "@/components/image-words";
import { ResultReason } from "@/components/result-reason";
import { type RowDeployment, type RowTarget, type ServiceRow, upgradeKind } from "@/components/service-row";
import { writeTarget } from "@/components/target";
import { deploymentTone, OUTCOME_TONES } from "@/components/tones";
import { wayBack } from "@/components/way-back";
import { KIND_WORDS, sayRefusal, sayStep, WHY_WORDS } from "@/components/words";

/** One click each; or one button that says why not. A failed service is offered the way back first. */
export function RowButtons({
  row,
  isReadOnly,
  describedBy,
}: {
  row: ServiceRow;
  isReadOnly: boolean;
  describedBy: string;
}) {
  const kind = upgradeKind(row);
  const refusal = row.blocked
    ? sayRefusal(row.blocked)
    : isReadOnly
      ? "Not possible now; the reason is above."
      : null;
  if (refusal !== null) {
    const target = row.upgrade ?? row.rollback;
    if (!target && !row.blocked) return null;
    return (
      <>
        <button
          type="button"
          className="btn"
          aria-disabled="true"
          aria-describedby={`${describedBy} ${describedBy}-why`}
        >
          {target
            ? `${KIND_WORDS[row.upgrade ? kind : "rollback"].button} ${versionName(target.version)}`
            : "Switch version"}
        </button>
        <span className="why" id={`${describedBy}-why`}>
          {refusal}
        </span>
      </>
    );
  }
  if (!row.upgrade && !row.rollback && row.current === null)
    return (
      <span className="why">
        {row.isUnseen
          ? "Not all of its versions have been looked at yet."
          : "None of its versions is offered; its page says why."}
      </span>
    );
  const isBad = row.state === "failed" && row.rollback !== null;
  const upgrade = row.upgrade && (
    <Submit
      row={row}
      target={row.upgrade}
      words={KIND_WORDS[kind].button}
      look={isBad ? "plain" : "offer"}
      describedBy={describedBy}
    />
  );
  return (
    <>
      {!isBad && upgrade}
      {row.rollback && (
        <Submit
          row={row}
          target={row.rollback}
          words={KIND_WORDS.rollback.button}
          look={isBad ? "primary" : "plain"}
          describedBy={describedBy}
        />
      )}
      {isBad && upgrade}
      {row.rollback && <span className="why">{WHY_WORDS[row.rollback.why]}</span>}
      {row.frozen && <span className="why">{sayRefusal(row.frozen)}</span>}
    </>
  );
}

interface SubmitProps {
  readonly row: ServiceRow;
  readonly target: RowTarget;
  readonly words: string;
  readonly look: "primary" | "offer" | "plain";
  readonly describedBy: string;
}

function Submit({ row, target, words, look, describedBy }: SubmitProps) {
  return (
    <button
      type="submit"
      form="deploy"
      name="target"
      value={writeTarget({ service: row.name, version: target.version, expected: row.current })}
      className={`btn btn-${look}`}
      aria-describedby={describedBy}
    >
      {`${words} ${versionName(target.version)}`}
    </button>
  );
}

/** A deployment that runs, and how it can still be taken back. */
export function RowProgress({
  deployment,
  now,
  isRequested,
}: {
  deployment: RowDeployment;
  now: number;
  isRequested: boolean;
}) {
  const cancel = cancelWords(deployment.phase, deployment.kind);
  return (
    <div className="progress">
      <p>
        <Icon tone={deploymentTone(deployment)} />
        <span>
          {runningSentence(deployment)}{" "}
          {deployment.phase === "trial" && deployment.endsAt !== null && (
            <Countdown until={deployment.endsAt} now={now} />
          )}
          {deployment.phase === "waiting" && deployment.startsAt !== null && (
            <Countdown until={deployment.startsAt} now={now} />
          )}
        </span>
      </p>
      {deployment.phase !== "waiting" && deployment.step && <p className="why">{sayStep(deployment.step)}</p>}
      {cancel && (
        <button
          type="submit"
          form="cancel"
          name="deployment"
          value={`${deployment.service}/${deployment.id}`}
          className="btn"
        >
          {isRequested ? "Requested…" : cancel}
        </button>
      )}
      <a href={`/deployments/${deployment.id}`}>Steps</a>
    </div>
  );
}

/** The result of a deployment that this page has seen running. */
export function RowEnded({
  row,
  isReadOnly,
  onDismiss,
}: {
  row: ServiceRow;
  isReadOnly: boolean;
  onDismiss: () => void;
}) {
  if (!row.last || row.last.outcome === null) return null;
  const ended = { ...row.last, outcome: row.last.outcome, service: row.name };
  const back = isReadOnly || row.hasNoWayBack ? null : wayBack(ended, row.current);
  const tone = OUTCOME_TONES[ended.outcome];
  return (
    <div className={`result result-${tone}`}>
      <div>
        <p className="result-title">
          <Icon tone={tone} />
          {resultSentence(ended)}
        </p>
        {row.last.message && <ResultReason message={row.last.message} />}
      </div>
      {back && (
        <button type="submit" form="deploy" name="target" value={writeTarget(back.target)} className="btn">
          {backWords(back, isLayerOnly(ended))}
        </button>
      )}
      <a href={`/deployments/${ended.id}`}>Show the deployment</a>
      <button type="button" className="btn btn-small" onClick={onDismiss}>
        Dismiss
      </button>
    </div>
  );
}
