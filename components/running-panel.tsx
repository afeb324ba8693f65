"use client";

import { ActionButton } from "@/components/action-button";
import type { AnswerAction } from "@/components/answer";
import { Countdown } from "@/components/countdown";
import { cancelWords, runningSentence } from "@/components/deployment-words";
import { Icon } from "@/components/icon";
import type { RowDeployment } from "@/components/service-row";
import { deploymentTone } from "@/components/tones";

interface RunningPanelProps {
  readonly deployment: RowDeployment;
  readonly now: number;
  readonly cancel: AnswerAction;
  /** Not on the deployment's own page. */
  readonly hasLink?: boolean;
}

/** What is going on, how long it can still be taken back, and the button for it. */
export function RunningPanel({ deployment, now, cancel, hasLink = true }: RunningPanelProps) {
  const { phase, kind, startsAt, service, id } = deployment;
  const words = cancelWords(phase, kind);
  const tone = deploymentTone(deployment);
  return (
    <div className={`result result-${tone}`}>
      <p>
        <Icon tone={tone} />
        <span>
          {runningSentence(deployment)}{" "}
          {phase === "waiting" && startsAt !== null && <Countdown until={startsAt} now={now} />}
        </span>
      </p>
      {words && (
        <ActionButton key={words} action={cancel} name="deployment" value={`${service}/${id}`}>
          {words}
        </ActionButton>
      )}
      {hasLink && <a href={`/deployments/${id}`}>Show the steps</a>}
    </div>
  );
}
