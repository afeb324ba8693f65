import { cancelDeployment, deployVersion, keepVersion } from "@/app/(console)/actions";
import { ActionButton, RefusedButton } from "@/components/action-button";
import { DeploymentPanel } from "@/components/deployment-panel";
import { versionName } from "@/components/image-words";
import { ResultPanel } from "@/components/result-panel";
import { RunningPanel } from "@/components/running-panel";
import { upgradeKind } from "@/components/service-row";
import { writeTarget } from "@/components/target";
import { wayBackNow } from "@/components/way-back";
import { KIND_WORDS, sayRefusal, WHY_WORDS } from "@/components/words";
import { frozenRefusal } from "@/lib/deploy/plan";
import type { Service, Target } from "@/lib/services/types";

/** How long the result of a deployment stays at the top of the page, ms. */
const FRESH_MS = 15 * 60_000;

interface PrimaryActionProps {
  readonly service: Service;
  readonly now: number;
  readonly isReadOnly: boolean;
}

/** The one thing to do next: watch what runs, go back when it has failed, else upgrade. */
export function PrimaryAction(props: PrimaryActionProps) {
  const { name, running, last } = props.service;
  return (
    <DeploymentPanel service={name} running={running} last={last}>
      {running ? (
        <RunningPanel
          deployment={running}
          now={props.now}
          cancel={cancelDeployment}
          keep={keepVersion}
          why={running.message}
        />
      ) : (
        <ResultAndNext {...props} />
      )}
    </DeploymentPanel>
  );
}

function ResultAndNext({ service, now, isReadOnly }: PrimaryActionProps) {
  const { last } = service;
  const isFresh = last?.finishedAt != null && now - last.finishedAt < FRESH_MS;
  const back = last && isFresh && last.origin !== "outside" && !isReadOnly ? wayBackNow(last, service) : null;
  return (
    <>
      {last?.outcome && isFresh && last.origin !== "outside" && (
        <ResultPanel
          deployment={{ ...last, outcome: last.outcome }}
          message={last.message}
          back={back}
          deploy={deployVersion}
        />
      )}
      <NextStep service={service} isReadOnly={isReadOnly} isOfferedAbove={back?.target.version ?? null} />
    </>
  );
}

interface NextStepProps {
  readonly service: Service;
  readonly isReadOnly: boolean;
  /** What "Switch back" offers already. */
  readonly isOfferedAbove: string | null;
}

function NextStep({ service, isReadOnly, isOfferedAbove }: NextStepProps) {
  const isBad = service.state === "failed";
  const target: Target | null = (isBad ? service.rollback : null) ?? service.upgrade;
  if (!target || target.version.label === isOfferedAbove) return null;
  const kind = target === service.upgrade ? upgradeKind({ current: service.currentLabel }) : "rollback";
  const words = `${KIND_WORDS[kind].button} ${versionName(target.version.label)}`;
  const blocked =
    service.blocked ?? (service.freeze && kind !== "rollback" ? frozenRefusal(service.freeze) : null);
  const refusal = blocked
    ? sayRefusal(blocked)
    : isReadOnly
      ? "Not possible now; the reason is above."
      : null;
  if (refusal !== null)
    return (
      <RefusedButton id="primary-why" reason={refusal}>
        {words}
      </RefusedButton>
    );
  const value = writeTarget({
    service: service.name,
    version: target.version.label,
    expected: service.currentLabel,
  });
  return (
    <div className="primary">
      <ActionButton action={deployVersion} name="target" value={value} look="primary">
        {words}
      </ActionButton>
      {service.attachment && (
        <ActionButton action={deployVersion} name="target" value={value} fields={<TrialLength />}>
          {`${words} on trial`}
        </ActionButton>
      )}
      {target.why !== "newest" && <span className="why">{WHY_WORDS[target.why]}</span>}
    </div>
  );
}

const TRIALS: readonly (readonly [minutes: number, words: string])[] = [
  [5, "for 5 minutes"],
  [15, "for 15 minutes"],
  [60, "for an hour"],
  [1440, "for a day"],
];

/** After that the version from before comes back, unless somebody keeps the new one. */
function TrialLength() {
  return (
    <label>
      <span className="sr">Length of the trial</span>
      <select name="trialMinutes" defaultValue={15}>
        {TRIALS.map(([minutes, words]) => (
          <option key={minutes} value={minutes}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}
