import type { Attempt } from "@/app/(console)/attempt";
import {
  freezeService,
  liftMark,
  markVersion,
  unfreezeService,
} from "@/app/(console)/services/[name]/order-actions";
import { FREEZES } from "@/app/(console)/services/[name]/order-schemas";
import { cleanText } from "@/components/clean-text";
import { versionName } from "@/components/image-words";
import { sayMark } from "@/components/mark-words";
import { orderEvents } from "@/components/order-words";
import { ReasonedAction } from "@/components/reasoned-action";
import { writeTarget } from "@/components/target";
import { TimeAgo } from "@/components/time-ago";
import { say, sayRefusal } from "@/components/words";
import { frozenRefusal } from "@/lib/deploy/plan";
import type { OrdersOnRecord } from "@/lib/live";
import type { Service } from "@/lib/services/types";

interface MarksSectionProps {
  readonly service: Service;
  readonly found: Attempt<OrdersOnRecord>;
  readonly now: number;
  readonly isReadOnly: boolean;
}

const EVENTS_SHOWN = 20;

/** What people have laid down: versions that are not offered, and whether anybody may move the service on. */
export function MarksSection({ service, found, now, isReadOnly }: MarksSectionProps) {
  const events = found.ok
    ? orderEvents(found.value.marks, found.value.freezes, now).slice(0, EVENTS_SHOWN)
    : [];
  return (
    <section className="part" aria-labelledby="marks-title">
      <h2 id="marks-title">Marks and freezes</h2>
      <p>
        A marked version is not offered, and is deployed only by its own button. A frozen service is not moved
        on by anybody; rolling back and restarting stay possible.
      </p>
      {!found.ok && <p className="quiet">{say(found.problem)}</p>}
      <StandingFreeze service={service} isReadOnly={isReadOnly} />
      {service.marks.length > 0 && (
        <ul className="marks">
          {service.marks.map((mark) => (
            <li key={mark.id}>
              <p>
                {sayMark(mark)}{" "}
                {mark.deploymentId !== null && (
                  <a href={`/deployments/${mark.deploymentId}`}>See what happened</a>
                )}
              </p>
              {!isReadOnly && (
                <ReasonedAction
                  action={liftMark}
                  target={writeTarget({ service: service.name, version: mark.label, expected: null })}
                  label={`Why ${versionName(mark.label)} may be offered again`}
                >
                  {`Lift the mark of ${versionName(mark.label)}`}
                </ReasonedAction>
              )}
            </li>
          ))}
        </ul>
      )}
      {!isReadOnly && <MarkByHand service={service} />}
      {events.length > 0 && (
        <ol className="events">
          {events.map((event) => (
            <li key={event.key}>
              <span>{event.words}</span> <TimeAgo at={event.at} now={now} />
              {event.deploymentId !== null && (
                <>
                  {" "}
                  <a href={`/deployments/${event.deploymentId}`}>See what happened</a>
                </>
              )}
              {event.reason !== "" && (
                <p className="timeline-reason">{cleanText(event.reason, { lines: true })}</p>
              )}
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function StandingFreeze({ service, isReadOnly }: Pick<MarksSectionProps, "service" | "isReadOnly">) {
  const target = writeTarget({ service: service.name, version: "", expected: null });
  if (service.freeze)
    return (
      <>
        <p>{sayRefusal(frozenRefusal(service.freeze))}</p>
        {!isReadOnly && (
          <ReasonedAction action={unfreezeService} target={target} label="Why it may be moved on again">
            End the freeze
          </ReasonedAction>
        )}
      </>
    );
  if (isReadOnly) return null;
  return (
    <details className="more">
      <summary>Freeze this service</summary>
      <ReasonedAction
        action={freezeService}
        target={target}
        label="Why nobody may move it on"
        fields={
          <label className="field">
            How long
            <select name="length" defaultValue="open">
              {FREEZES.map(([name, , words]) => (
                <option key={name} value={name}>
                  {words}
                </option>
              ))}
            </select>
          </label>
        }
      >
        Freeze
      </ReasonedAction>
    </details>
  );
}

function MarkByHand({ service }: { service: Service }) {
  const free = service.versions.filter(({ label }) => !service.marks.some((mark) => mark.label === label));
  if (free.length === 0) return null;
  return (
    <details className="more">
      <summary>Mark a version</summary>
      <ReasonedAction
        action={markVersion}
        target={writeTarget({ service: service.name, version: "", expected: null })}
        label="Why it is not to be offered"
        fields={
          <label className="field">
            Version
            <select name="version" defaultValue={free[0]?.label}>
              {free.map(({ path, label }) => (
                <option key={path} value={label}>
                  {versionName(label)}
                </option>
              ))}
            </select>
          </label>
        }
      >
        Mark it
      </ReasonedAction>
    </details>
  );
}
