import { layerChanges } from "@/lib/deploy/layers";
import type { Deployment, DeploymentSummary } from "@/lib/deploy/types";

/** What a list needs of a deployment. */
export function summarise(deployment: Deployment): DeploymentSummary {
  const {
    from,
    to,
    steps: _s,
    log: _l,
    profile: _p,
    location: _o,
    trialMs: _t,
    batch: _b,
    ...rest
  } = deployment;
  return { ...rest, from: from?.label ?? null, to: to?.label ?? null, ...layerChanges(from, to) };
}
