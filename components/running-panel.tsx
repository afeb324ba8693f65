"use client";

import { ActionButton } from "@/components/action-button";
import type { AnswerAction } from "@/components/answer";
import { Countdown } from "@/components/countdown";
import { cancelWords, runningSentence } from "@/components/deployment-words";
import { Icon } from "@/components/icon";
import { versionName } from "@/components/image-words";
import type { RowDeployment } from "@/components/service-row";
import { deploymentTone } from "@/components/tones";
import { say } from "@/components/words";
import type { Message } from "@/lib/errors";

interface RunningPanelProps {
  readonly deployment: RowDeployment;
  readonly now: number;
  readonly cancel: AnswerAction;
  readonly keep: AnswerAction;
  /** Why it is on trial, where nobody asked for that. */
  readonly why: Message | null;
  /** Not on the deployment's own page. */
  readonly hasLink?: boolean;
}

/** What is going on, how long it can still be taken back, and the button for it. */
export function RunningPanel({ deployment, now, cancel, keep, why, hasLink = true }: RunningPanelProps) {
  const { phase, kind, startsAt, endsAt, service, id, to } = deployment;
  const words = cancelWords(phase, kind);
  const tone = deploymentTone(deployment);
  return (
    <div className={`result result-${tone}`}>
      <p>
        <Icon tone={tone} />
        <span>
          {phase === "trial" && why && `${say(why)} `}
          {runningSentence(deployment)}{" "}
          {phase === "waiting" && startsAt !== null && <Countdown until={startsAt} now={now} />}
          {phase === "trial" && endsAt !== null && <Countdown until={endsAt} now={now} />}
        </span>
      </p>
      {phase === "trial" && (
        <ActionButton action={keep} name="deployment" value={`${service}/${id}`} look="primary">
          {`Keep ${versionName(to)}`}
        </ActionButton>
      )}
      {words && (
        <ActionButton key={words} action={cancel} name="deployment" value={`${service}/${id}`}>
          {words}
        </ActionButton>
      )}
      {hasLink && <a href={`/deployments/${id}`}>Show the steps</a>}
    </div>
  );
}
