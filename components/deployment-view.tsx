"use client";

import { Announcement } from "@/components/announcement";
import type { AnswerAction } from "@/components/answer";
import { isBadNews, resultSentence, runningNews } from "@/components/deployment-words";
import { LogBlock } from "@/components/log-block";
import { ResultPanel } from "@/components/result-panel";
import { RunningPanel } from "@/components/running-panel";
import { toRowDeploymentWithStep } from "@/components/service-row";
import { StepList } from "@/components/step-list";
import { useDeployment } from "@/components/use-deployment";
import { useNow } from "@/components/use-now";
import type { WayBack } from "@/components/way-back";
import type { Deployment } from "@/lib/deploy/types";

interface DeploymentViewProps {
  readonly initial: Deployment;
  readonly now: number;
  readonly back: WayBack | null;
  readonly cancel: AnswerAction;
  readonly keep: AnswerAction;
  readonly deploy: AnswerAction;
}

/** Result first, then the steps and what the failing unit said; alive while it runs. */
export function DeploymentView({ initial, now: serverNow, back, cancel, keep, deploy }: DeploymentViewProps) {
  const deployment = useDeployment(initial);
  const now = useNow(serverNow, deployment.phase === "finished" ? 60_000 : 500);
  const summary = toRowDeploymentWithStep(deployment);
  const { outcome, steps, log, origin } = deployment;
  const isBad = isBadNews(outcome);
  const words = outcome ? resultSentence({ ...summary, outcome }) : runningNews(summary);
  return (
    <>
      <Announcement status={isBad ? "" : words} alert={isBad ? words : ""} />
      {outcome ? (
        <ResultPanel
          deployment={{ ...summary, outcome }}
          message={deployment.message}
          back={back}
          deploy={deploy}
          hasLink={false}
        />
      ) : (
        <RunningPanel
          deployment={summary}
          now={serverNow}
          cancel={cancel}
          keep={keep}
          why={deployment.message}
          hasLink={false}
        />
      )}
      <section className="part" aria-labelledby="steps-title">
        <h2 id="steps-title">Steps</h2>
        {steps.length === 0 ? (
          <p className="quiet">{noSteps(deployment)}</p>
        ) : (
          <StepList steps={steps} now={now} />
        )}
      </section>
      {log.length > 0 && (
        <section className="part" aria-labelledby="log-title">
          <h2 id="log-title">
            {origin === "outside" ? "What the journal knows of it" : "What the failing unit said"}
          </h2>
          <LogBlock lines={log} />
        </section>
      )}
    </>
  );
}

function noSteps({ origin, kind }: Deployment): string {
  if (origin === "outside") return "It was done by other means, so its steps are not known here.";
  return kind === "adopt" ? "None: nothing on the host was touched." : "None was begun.";
}
