import { basename } from "node:path";
import { adoptChanges, restoreService } from "@/app/(console)/actions";
import { ActionButton, RefusedButton } from "@/components/action-button";
import { cleanText } from "@/components/clean-text";
import { DiffBlock } from "@/components/diff-block";
import { Icon } from "@/components/icon";
import { versionName } from "@/components/image-words";
import { TimeAgo } from "@/components/time-ago";
import { say, sayRefusal } from "@/components/words";
import type { Plan } from "@/lib/deploy/plan";
import { planRestore } from "@/lib/deploy/plan-restore";
import type { Difference } from "@/lib/drift/types";
import { parseImageName } from "@/lib/images/name";
import type { Service } from "@/lib/services/types";

interface DifferencesProps {
  readonly service: Service;
  readonly now: number;
  readonly isReadOnly: boolean;
}

/** What others changed, and the two ways to end that: accept it, or put back what was deployed. */
export function Differences({ service, now, isReadOnly }: DifferencesProps) {
  const { drift } = service;
  if (!drift || service.running) return null;
  return (
    <section className="part" aria-labelledby="differs-title">
      <h2 id="differs-title">Differs from what was deployed</h2>
      <p>
        Somebody changed this outside Attaché (seen <TimeAgo at={drift.at} now={now} />
        ), and nothing of it is undone by itself. {deployedSentence(drift.deployed?.path ?? null)}
      </p>
      <ul className="findings">
        {drift.differences.map((difference) => (
          <li key={`${difference.code} ${JSON.stringify(difference.params)}`}>
            <Icon tone="attention" />
            <div className="difference">
              <span>{say(difference)}</span>
              <Lines difference={difference} />
            </div>
          </li>
        ))}
      </ul>
      {isReadOnly ? (
        <RefusedButton id="adopt-why" reason="Not possible now; the reason is above.">
          Adopt
        </RefusedButton>
      ) : (
        <div className="choices">
          <div>
            <ActionButton action={adoptChanges} name="target" value={`${service.name}/${drift.at}`}>
              Adopt
            </ActionButton>
            <p className="why">
              It is meant to be so: from now on this counts as deployed. Nothing is touched.
            </p>
          </div>
          <Restore service={service} />
        </div>
      )}
    </section>
  );
}

function Lines({ difference }: { difference: Difference }) {
  const { diff, file } = difference.params;
  if (diff === undefined || diff === "") return null;
  return <DiffBlock diff={String(diff)} label={`What changed in ${cleanText(String(file))}`} />;
}

function Restore({ service }: { service: Service }) {
  const planned = planRestore(service, service.drift);
  if (!planned.ok)
    return (
      <RefusedButton id="restore-why" reason={sayRefusal(planned.refusal)}>
        Restore
      </RefusedButton>
    );
  return (
    <div>
      <ActionButton action={restoreService} name="target" value={`${service.name}/`}>
        Restore
      </ActionButton>
      <p className="why">{restoreSentence(planned.plan)}</p>
    </div>
  );
}

function restoreSentence({ kind, from, to }: Plan): string {
  const version = versionName(to?.label ?? null);
  switch (kind) {
    case "attach":
      return `Attaches ${version} again and starts it.`;
    case "upgrade":
    case "rollback":
      return `Switches back to ${version}; what runs is restarted, and ${versionName(from?.label ?? null)} comes back if ${version} does not stay up.`;
    case "reattach":
      return `Attaches ${version} anew, so that its files are written from ${cleanText(to?.path ?? "the image")}; what runs is restarted.`;
    case "detach":
      return "Stops its units and detaches it, as it was; image files and data stay.";
    case "restart":
    case "change":
    case "adopt":
      return ""; // no plan restores by these
    default:
      return kind satisfies never;
  }
}

function deployedSentence(path: string | null): string {
  if (path === null) return "It was detached before.";
  const name = parseImageName(basename(path));
  return `Deployed was ${versionName(name?.label ?? basename(path))}.`;
}
