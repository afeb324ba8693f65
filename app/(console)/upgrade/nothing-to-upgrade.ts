import { compareVersions } from "@/lib/images/version";
import type { Service } from "@/lib/services/types";

/** Why the list is empty: not every newer version is offered. */
export function nothingToUpgrade(
  services: readonly Pick<Service, "attachment" | "currentLabel" | "versions">[],
): string {
  const attached = services.filter(({ attachment }) => attachment !== null);
  if (attached.length === 0) return "No service is seen attached here, so there is nothing to upgrade.";
  const behind = attached.filter(({ currentLabel, versions }) =>
    versions.some(({ label }) => currentLabel === null || compareVersions(label, currentLabel) > 0),
  ).length;
  if (behind === 0)
    return "Every attached service is on the newest version that is on disk, so there is nothing to upgrade.";
  return `No upgrade is offered. ${behind === 1 ? "One service has a newer version" : `${behind} services have newer versions`} on disk, but only such as are marked, are pre-releases, could not be opened, were not yet, or would not start; the page of the service says which.`;
}
