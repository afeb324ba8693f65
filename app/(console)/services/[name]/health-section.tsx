import type { Attempt } from "@/app/(console)/attempt";
import { setHealth } from "@/app/(console)/services/[name]/order-actions";
import { cleanText } from "@/components/clean-text";
import { HealthForm } from "@/components/health-form";
import { toTyped } from "@/components/health-text";
import { probeWords } from "@/components/order-words";
import { TimeAgo } from "@/components/time-ago";
import { say } from "@/components/words";
import { writeAim } from "@/lib/health/address";
import type { OrdersOnRecord } from "@/lib/live";

interface HealthSectionProps {
  readonly service: string;
  readonly found: Attempt<OrdersOnRecord>;
  /** Where nobody has set another, ms. */
  readonly settleMs: number;
  readonly now: number;
  readonly isReadOnly: boolean;
}

/** What a version has to show before it counts as healthy, in words, and the form that sets it. */
export function HealthSection({ service, found, settleMs, now, isReadOnly }: HealthSectionProps) {
  const set = found.ok ? found.value.health : null;
  const health = set ?? { settleMs, probes: [] };
  return (
    <section className="part" aria-labelledby="health-title">
      <h2 id="health-title">Health</h2>
      {!found.ok ? (
        <p className="quiet">{say(found.problem)}</p>
      ) : (
        <>
          <p>
            After a switch this has to hold, or the version from before comes back, which has to show the
            same. After a restart it is looked at too.
          </p>
          <ul className="plain health-list">
            <li>{`Its units stay up for ${health.settleMs / 1000} s without a restart.`}</li>
            {health.probes.map((probe) => (
              <li key={writeAim(probe)}>{probeWords(probe)}</li>
            ))}
          </ul>
          <p className="quiet">
            {set ? (
              <>
                {`Set by ${cleanText(set.by)} `}
                <TimeAgo at={set.at} now={now} />
              </>
            ) : (
              "Nobody has set anything here, so this host's default holds."
            )}
          </p>
          {!isReadOnly && <HealthForm service={service} initial={toTyped(health)} action={setHealth} />}
        </>
      )}
    </section>
  );
}
