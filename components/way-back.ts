import type { DeployTarget } from "@/components/target";
import { planDeployment } from "@/lib/deploy/plan";
import type { Kind, LayerChange, Outcome } from "@/lib/deploy/types";
import type { Service } from "@/lib/services/types";

/** A button that undoes: undo of a switch is a switch. */
export interface WayBack {
  readonly target: DeployTarget;
  /** "Switch back to 1.2.0" or, after a detach, "Attach 1.2.0 again". */
  readonly kind: "switch" | "attach";
}

interface Done {
  readonly service: string;
  readonly kind: Kind;
  readonly outcome: Outcome | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly layers?: readonly LayerChange[];
}

/** What to offer after a deployment; `null` when there is nothing to go back to or the host has moved on since. */
export function wayBack(done: Done, current: string | null): WayBack | null {
  if (done.outcome !== "succeeded" || done.from === null) return null;
  const { layers = [] } = done;
  const before = Object.fromEntries(layers.map(({ stem, from }) => [stem, from ?? ""]));
  const target = {
    service: done.service,
    version: done.from,
    expected: current,
    ...(layers.length > 0 ? { layers: before } : {}),
  };
  const hasChanged = done.to !== done.from || layers.length > 0;
  switch (done.kind) {
    case "upgrade":
    case "rollback":
      return current === done.to && hasChanged ? { target, kind: "switch" } : null;
    case "detach":
      // Without its layers it would not be what it was, and the host no longer knows where they lie.
      return current === null && layers.length === 0 ? { target, kind: "attach" } : null;
    case "attach":
    case "restart":
    case "reattach":
    case "change":
    case "adopt":
      return null;
    default:
      return done.kind satisfies never;
  }
}

/** The same, where the engine would not refuse it: of a frozen service only an older version is offered, and never a marked one. */
export function wayBackNow(done: Done, service: Service): WayBack | null {
  const back = wayBack(done, service.currentLabel);
  if (!back || service.blocked) return null;
  const { version, expected, layers } = back.target;
  return planDeployment(service, version, expected, layers ? { layers } : {}).ok ? back : null;
}
