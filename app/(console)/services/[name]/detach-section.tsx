import { detachService } from "@/app/(console)/actions";
import { ActionButton, RefusedButton } from "@/components/action-button";
import { writeTarget } from "@/components/target";
import { sayRefusal } from "@/components/words";
import { planDetach } from "@/lib/deploy/plan";
import type { Service } from "@/lib/services/types";

/** The quiet end of the page: taking the service off the host, without deleting anything. */
export function DetachSection({ service, isReadOnly }: { service: Service; isReadOnly: boolean }) {
  const planned = planDetach(service, service.currentLabel);
  return (
    <section className="part quiet-section" aria-labelledby="detach-title">
      <h2 id="detach-title">Detach</h2>
      <p>
        Stops its units and takes them off this host. Nothing is deleted: the image files and all data stay,
        and any version can be attached again.
        {service.layers.length > 0 &&
          " Nothing on this host remembers its layers then: to have them back, attach it with portablectl attach --extension=…"}
      </p>
      {planned.ok && !isReadOnly ? (
        <ActionButton
          action={detachService}
          name="target"
          value={writeTarget({
            service: service.name,
            version: service.currentLabel ?? "",
            expected: service.currentLabel,
          })}
        >
          Detach
        </ActionButton>
      ) : (
        <RefusedButton
          id="detach-why"
          reason={planned.ok ? "Not possible now; the reason is above." : sayRefusal(planned.refusal)}
        >
          Detach
        </RefusedButton>
      )}
    </section>
  );
}
