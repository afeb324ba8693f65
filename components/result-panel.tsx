import { ActionButton } from "@/components/action-button";
import type { AnswerAction } from "@/components/answer";
import { backWords, isLayerOnly, resultSentence } from "@/components/deployment-words";
import { Icon } from "@/components/icon";
import { ResultReason } from "@/components/result-reason";
import type { RowDeployment } from "@/components/service-row";
import { writeTarget } from "@/components/target";
import { OUTCOME_TONES } from "@/components/tones";
import type { WayBack } from "@/components/way-back";
import type { Outcome } from "@/lib/deploy/types";
import type { Message } from "@/lib/errors";

interface ResultPanelProps {
  readonly deployment: Omit<RowDeployment, "outcome"> & { readonly outcome: Outcome };
  readonly message: Message | null;
  readonly back: WayBack | null;
  readonly deploy: AnswerAction;
  /** Not on the deployment's own page. */
  readonly hasLink?: boolean;
}

/** How a deployment ended, what is true now, and the way back. */
export function ResultPanel({ deployment, message, back, deploy, hasLink = true }: ResultPanelProps) {
  const tone = deployment.origin === "outside" ? "attention" : OUTCOME_TONES[deployment.outcome];
  return (
    <div className={`result result-${tone}`}>
      <div>
        <p className="result-title">
          <Icon tone={tone} />
          {resultSentence(deployment)}
        </p>
        {message && <ResultReason message={message} />}
      </div>
      {back && (
        <ActionButton action={deploy} name="target" value={writeTarget(back.target)}>
          {backWords(back, isLayerOnly(deployment))}
        </ActionButton>
      )}
      {hasLink && <a href={`/deployments/${deployment.id}`}>Show the deployment</a>}
    </div>
  );
}
