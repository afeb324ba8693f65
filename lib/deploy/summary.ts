import { layerChanges } from "@/lib/deploy/layers";
import type { Deployment, DeploymentSummary } from "@/lib/deploy/types";

/** What a list needs of a deployment. */
export function summarise(deployment: Deployment): DeploymentSummary {
  const { from, to, steps: _steps, log: _log, profile: _profile, location: _location, ...rest } = deployment;
  return { ...rest, from: from?.label ?? null, to: to?.label ?? null, ...layerChanges(from, to) };
}
