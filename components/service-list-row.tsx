import { memo } from "react";
import { cleanText } from "@/components/clean-text";
import { Countdown } from "@/components/countdown";
import { cancelWords, resultSentence, runningSentence } from "@/components/deployment-words";
import { Icon, Status } from "@/components/icon";
import { versionName } from "@/components/image-words";
import { Problem } from "@/components/problem";
import { type RowDeployment, type RowTarget, type ServiceRow, upgradeKind } from "@/components/service-row";
import { servicePath, writeTarget } from "@/components/target";
import { isoTime, timeAgo, utcStamp } from "@/components/time-words";
import { deploymentTone, OUTCOME_TONES, STATE_TONES } from "@/components/tones";
import { wayBack } from "@/components/way-back";
import { KIND_WORDS, OUTCOME_WORDS, STATE_WORDS, sayRefusal, sayStep, WHY_WORDS } from "@/components/words";
import type { Message } from "@/lib/errors";

interface ServiceListRowProps {
  readonly row: ServiceRow;
  readonly now: number;
  readonly isReadOnly: boolean;
  readonly isRequested: boolean;
  readonly error: Message | null;
  readonly ended: RowDeployment | null;
  readonly onDismiss: () => void;
}

/** One service. Drawn again only when what it shows has changed; `onDismiss` is new each time and does the same. */
export const ServiceListRow = memo(Row, (a, b) =>
  (["row", "now", "isReadOnly", "isRequested", "error", "ended"] as const).every((key) => a[key] === b[key]),
);

function Row({ row, now, isReadOnly, isRequested, error, ended, onDismiss }: ServiceListRowProps) {
  const id = `s-${encodeURIComponent(row.name)}`;
  return (
    <>
      <tr>
        <td className="cell-state">
          <Status tone={STATE_TONES[row.state]} word={STATE_WORDS[row.state]} />
        </td>
        <th scope="row" className="cell-name">
          <a href={servicePath(row.name)} id={id} data-row>
            {cleanText(row.name)}
          </a>
          {row.findings > 0 && (
            <span className="remark tone-attention">
              <Icon tone="attention" />
              {row.findings === 1 ? "1 remark" : `${row.findings} remarks`}
            </span>
          )}
        </th>
        <td className="cell-version">
          <code>{row.current === null ? "—" : versionName(row.current)}</code>
          {row.upgrade && (
            <span className="newer tone-attention">{`${versionName(row.upgrade.version)} available`}</span>
          )}
        </td>
        <td className="wide">{row.since !== null && <Ago at={row.since} now={now} />}</td>
        <td className="middle cell-last">{row.last && <Last deployment={row.last} now={now} />}</td>
        <td className="cell-actions">
          {row.running ? (
            <Running deployment={row.running} now={now} isRequested={isRequested} />
          ) : isRequested ? (
            <span className="status tone-active">
              <Icon tone="active" />
              Requested…
            </span>
          ) : (
            <Buttons row={row} isReadOnly={isReadOnly} describedBy={id} />
          )}
        </td>
      </tr>
      {(error || (ended && !row.running)) && (
        <tr className="note">
          <td colSpan={6}>
            {error && <Problem message={error} onDismiss={onDismiss} />}
            {ended && !row.running && <Ended deployment={ended} row={row} onDismiss={onDismiss} />}
          </td>
        </tr>
      )}
    </>
  );
}

function Buttons({
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
  return (
    <>
      {row.upgrade && (
        <Submit
          row={row}
          target={row.upgrade}
          words={KIND_WORDS[kind].button}
          look="primary"
          describedBy={describedBy}
        />
      )}
      {row.rollback && (
        <Submit
          row={row}
          target={row.rollback}
          words={KIND_WORDS.rollback.button}
          look="plain"
          describedBy={describedBy}
        />
      )}
      {row.rollback && <span className="why">{WHY_WORDS[row.rollback.why]}</span>}
    </>
  );
}

interface SubmitProps {
  readonly row: ServiceRow;
  readonly target: RowTarget;
  readonly words: string;
  readonly look: "primary" | "plain";
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

function Running({
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

function Ended({
  deployment,
  row,
  onDismiss,
}: {
  deployment: RowDeployment;
  row: ServiceRow;
  onDismiss: () => void;
}) {
  if (deployment.outcome === null) return null;
  const back = wayBack(deployment, row.current);
  const tone = OUTCOME_TONES[deployment.outcome];
  return (
    <div className={`result result-${tone}`}>
      <p>
        <Icon tone={tone} />
        {resultSentence({ ...deployment, outcome: deployment.outcome })}
      </p>
      {back && !row.blocked && (
        <button type="submit" form="deploy" name="target" value={writeTarget(back.target)} className="btn">
          {back.kind === "switch"
            ? `Switch back to ${versionName(back.target.version)}`
            : `Attach ${versionName(back.target.version)} again`}
        </button>
      )}
      <a href={`/deployments/${deployment.id}`}>Show the deployment</a>
      <button type="button" className="btn btn-small" onClick={onDismiss}>
        Dismiss
      </button>
    </div>
  );
}

function Last({ deployment, now }: { deployment: RowDeployment; now: number }) {
  const words =
    deployment.outcome === null
      ? "Running"
      : deployment.outcome === "succeeded"
        ? KIND_WORDS[deployment.kind].done
        : OUTCOME_WORDS[deployment.outcome];
  const tone =
    deployment.outcome === null || deployment.outcome === "succeeded"
      ? ""
      : ` tone-${OUTCOME_TONES[deployment.outcome]}`;
  const showsVersion = deployment.to !== null && deployment.kind !== "restart";
  return (
    <>
      <a href={`/deployments/${deployment.id}`} className={`last${tone}`}>
        {tone !== "" && <Icon tone={deploymentTone(deployment)} />}
        {showsVersion ? `${words} · ${versionName(deployment.to)}` : words}
      </a>
      <span className="by">
        <Ago at={deployment.finishedAt ?? deployment.requestedAt} now={now} />
        {` by ${cleanText(deployment.by)}`}
      </span>
    </>
  );
}

/** Without a clock of its own: hundreds of them are on the page, and the list moves their time on. */
function Ago({ at, now }: { at: number; now: number }) {
  return (
    <time dateTime={isoTime(at)} title={utcStamp(at)}>
      {timeAgo(at, now)}
    </time>
  );
}
