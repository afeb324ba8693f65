import { restartUnit } from "@/app/(console)/actions";
import { ActionButton } from "@/components/action-button";
import { cleanText } from "@/components/clean-text";
import { Status } from "@/components/icon";
import { TimeAgo } from "@/components/time-ago";
import { unitTone } from "@/components/tones";
import type { Service, UnitRow } from "@/lib/services/types";
import type { UnitStatus } from "@/lib/systemd/types";

interface UnitsProps {
  readonly service: Service;
  readonly statuses: readonly UnitStatus[];
  readonly now: number;
  readonly isReadOnly: boolean;
}

/** The units of the attached image: whether they run and whether they start at boot are two facts. */
export function Units({ service, statuses, now, isReadOnly }: UnitsProps) {
  if (service.units.length === 0) return null;
  return (
    <section className="part" aria-labelledby="units-title">
      <h2 id="units-title">Units</h2>
      <table className="fact-table">
        <thead>
          <tr>
            <th scope="col">Unit</th>
            <th scope="col">State</th>
            <th scope="col">At boot</th>
            <th scope="col">Since</th>
            <th scope="col">
              <span className="sr">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {service.units.map((unit) => (
            <tr key={unit.name}>
              <td data-label="Unit">
                <code>{cleanText(unit.name)}</code>
                <p className="quiet">
                  {cleanText(statuses.find(({ name }) => name === unit.name)?.description ?? "")}
                </p>
              </td>
              <td data-label="State">
                <Status tone={unitTone(unit.active)} word={cleanText(stateWords(unit))} />
              </td>
              <td data-label="At boot">{unit.enabled ? "Starts at boot" : "Not by itself"}</td>
              <td data-label="Since">{unit.since === null ? "—" : <TimeAgo at={unit.since} now={now} />}</td>
              <td className="table-action">
                {canRestart(unit) && !service.running && !isReadOnly && (
                  <ActionButton
                    action={restartUnit}
                    name="target"
                    value={`${service.name}/${unit.name}`}
                    look="small"
                  >
                    {`Restart ${cleanText(unit.name)}`}
                  </ActionButton>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** PID 1's own two words, e.g. "active (running)", since that is what `systemctl status` says too. */
function stateWords({ load, active, sub }: UnitRow): string {
  if (load === "not-found") return "not loaded";
  return active === sub ? active : `${active} (${sub})`;
}

function canRestart({ name, active }: UnitRow): boolean {
  return !name.includes("@.") && active !== "inactive";
}
