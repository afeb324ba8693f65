import { memo } from "react";
import { cleanText } from "@/components/clean-text";
import { endName } from "@/components/deployment-words";
import { Status } from "@/components/icon";
import { versionName } from "@/components/image-words";
import { Problem } from "@/components/problem";
import type { RowLast, ServiceRow } from "@/components/service-row";
import { RowButtons, RowEnded, RowProgress } from "@/components/service-row-actions";
import { servicePath } from "@/components/target";
import { timeAgo, timeAttributes } from "@/components/time-words";
import { OUTCOME_TONES, STATE_TONES } from "@/components/tones";
import { KIND_WORDS, OUTCOME_WORDS, STATE_WORDS, sayWho } from "@/components/words";
import type { Message } from "@/lib/errors";

interface ServiceListRowProps {
  readonly row: ServiceRow;
  readonly now: number;
  readonly isReadOnly: boolean;
  readonly isRequested: boolean;
  readonly error: Message | null;
  readonly hasEnded: boolean;
  readonly onDismiss: () => void;
}

/** Id of the link that bears the name of a service. */
export function rowId(service: string): string {
  return `s-${encodeURIComponent(service)}`;
}

/** One service. Drawn again only when what it shows has changed; `onDismiss` is new each time and does the same. */
export const ServiceListRow = memo(Row, (a, b) =>
  (["row", "now", "isReadOnly", "isRequested", "error", "hasEnded"] as const).every(
    (key) => a[key] === b[key],
  ),
);

function Row({ row, now, isReadOnly, isRequested, error, hasEnded, onDismiss }: ServiceListRowProps) {
  const id = rowId(row.name);
  return (
    <>
      <tr>
        <td className={`cell-state icon-${STATE_TONES[row.state]} tone-${STATE_TONES[row.state]}`}>
          {STATE_WORDS[row.state]}
        </td>
        <th scope="row">
          <a href={servicePath(row.name)} id={id} data-row>
            {cleanText(row.name)}
          </a>
          {row.frozen && <span className="remark icon-attention tone-attention">Frozen</span>}
          {row.differs && <span className="remark icon-attention tone-attention">Changed outside</span>}
          {row.findings > 0 && (
            <span className="remark icon-attention tone-attention">
              {row.findings === 1 ? "1 remark" : `${row.findings} remarks`}
            </span>
          )}
        </th>
        <td>
          {row.current === null ? "—" : versionName(row.current)}
          {row.upgrade && (
            <span className="newer icon-attention tone-attention">{`${versionName(row.upgrade.version)} available`}</span>
          )}
        </td>
        <td>{row.since !== null && <Ago at={row.since} now={now} />}</td>
        <td>{row.last && <Last deployment={row.last} now={now} />}</td>
        <td>
          {row.running ? (
            <RowProgress deployment={row.running} now={now} isRequested={isRequested} />
          ) : isRequested ? (
            <Status tone="active" word="Requested…" />
          ) : (
            <RowButtons row={row} isReadOnly={isReadOnly} describedBy={id} />
          )}
        </td>
      </tr>
      {(error || (hasEnded && !row.running)) && (
        <tr className="note">
          <td colSpan={6}>
            {error && <Problem message={error} onDismiss={onDismiss} />}
            {hasEnded && !row.running && <RowEnded row={row} isReadOnly={isReadOnly} onDismiss={onDismiss} />}
          </td>
        </tr>
      )}
    </>
  );
}

function Last({ deployment, now }: { deployment: RowLast; now: number }) {
  const { outcome, kind, to, origin } = deployment;
  const words =
    outcome === null ? "Running" : outcome === "succeeded" ? KIND_WORDS[kind].done : OUTCOME_WORDS[outcome];
  const tone = outcome === null || outcome === "succeeded" ? null : OUTCOME_TONES[outcome];
  return (
    <>
      <a
        href={`/deployments/${deployment.id}`}
        className={tone === null ? undefined : `icon-${tone} tone-${tone}`}
      >
        {to === null || kind === "restart" || kind === "change"
          ? words
          : `${words} · ${endName(deployment, "to")}`}
        {origin === "outside" && " outside"}
      </a>
      <small>
        <Ago at={deployment.at} now={now} />
        {` by ${sayWho(deployment)}`}
      </small>
    </>
  );
}

/** Without a clock of its own: hundreds of them are on the page, and the list moves their time on. */
function Ago({ at, now }: { at: number; now: number }) {
  return <time {...timeAttributes(at)}>{timeAgo(at, now)}</time>;
}
