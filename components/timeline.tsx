import { cleanText } from "@/components/clean-text";
import { requestTitle } from "@/components/deployment-words";
import { Status } from "@/components/icon";
import { versionName } from "@/components/image-words";
import { servicePath } from "@/components/target";
import { TimeAgo } from "@/components/time-ago";
import { duration } from "@/components/time-words";
import { deploymentTone } from "@/components/tones";
import { OUTCOME_WORDS, OUTSIDE_WORDS, PHASE_WORDS, say, sayWho } from "@/components/words";
import type { DeploymentSummary } from "@/lib/deploy/types";

interface TimelineProps {
  readonly deployments: readonly DeploymentSummary[];
  readonly now: number;
  /** Not on the page of one service. */
  readonly showsService?: boolean;
}

/** Deployments, newest first. A rollback is visibly one, and a reason is shown where there is one. */
export function Timeline({ deployments, now, showsService = true }: TimelineProps) {
  return (
    <ol className="timeline">
      {deployments.map((deployment) => {
        const isOutside = deployment.origin === "outside";
        const tone = isOutside ? "attention" : deploymentTone(deployment);
        const word = isOutside
          ? OUTSIDE_WORDS
          : deployment.outcome === null
            ? PHASE_WORDS[deployment.phase]
            : OUTCOME_WORDS[deployment.outcome];
        return (
          <li key={deployment.id}>
            <Status tone={tone} word={word} />
            <div className="timeline-what">
              <p>
                <a href={`/deployments/${deployment.id}`} data-row>
                  {requestTitle(deployment)}
                </a>
                {showsService && (
                  <>
                    {" of "}
                    <a href={servicePath(deployment.service)}>{cleanText(deployment.service)}</a>
                  </>
                )}
                {deployment.kind === "rollback" && (
                  <span className="tag icon-attention tone-attention">Rollback</span>
                )}
              </p>
              {deployment.from !== null && deployment.to !== null && deployment.from !== deployment.to && (
                <p className="quiet">
                  <code>{versionName(deployment.from)}</code>
                  {" → "}
                  <code>{versionName(deployment.to)}</code>
                </p>
              )}
              {deployment.layers?.map(({ stem, from, to }) => (
                <p className="quiet" key={stem}>
                  {`Layer ${cleanText(stem)}: `}
                  <code>{versionName(from)}</code>
                  {" → "}
                  <code>{versionName(to)}</code>
                </p>
              ))}
              {deployment.reason !== "" && (
                <p className="timeline-reason">{cleanText(deployment.reason, { lines: true })}</p>
              )}
              {deployment.message && (isOutside || deployment.outcome !== "succeeded") && (
                <p className="quiet">{say(deployment.message)}</p>
              )}
            </div>
            <p className="timeline-when">
              <TimeAgo at={deployment.requestedAt} now={now} />
              {` by ${sayWho(deployment)}`}
              {deployment.startedAt !== null && deployment.finishedAt !== null && (
                <span className="quiet">{`, took ${duration(deployment.finishedAt - deployment.startedAt)}`}</span>
              )}
            </p>
          </li>
        );
      })}
    </ol>
  );
}
