import { readFile } from "node:fs/promises";
import path from "node:path";
import { type Checked, choiceForPlan, profileFor } from "@/lib/deploy/check";
import { type HostGround, readGround } from "@/lib/deploy/ground";
import type { Host } from "@/lib/deploy/host";
import { layeringOf, openImages, plannedLayering } from "@/lib/deploy/open-images";
import type { Plan } from "@/lib/deploy/plan";
import { Refused } from "@/lib/deploy/record";
import type { ImageVersion, Inspection, Rehearsal } from "@/lib/images/types";
import type { Part } from "@/lib/rehearsal/scene";
import type { Attachment } from "@/lib/services/types";
import type { HostPaths } from "@/lib/systemd/types";

/** Makes sure that the new version would mount, while the old one still runs. Throws `Refused`; what cannot be known does not refuse. */
export async function rehearseSwitch(
  host: Pick<Host, "rehearse">,
  plan: Plan,
  ground: HostGround,
  { choice, profile }: Checked,
): Promise<void> {
  const target = ground.versions.find((version) => version.path === plan.to?.path);
  if (!target) return; // the check has refused that already
  const { extensions } = plannedLayering(plan.to, plan.attachment);
  const result = await host.rehearse(target, { units: choice.units, profile, extensions }, plan.attachment);
  if (result.verdict === "would-not-start") throw new Refused(wouldNotStart(target, result.problem));
}

/**
 * Rehearses a target that has yet to be opened while that is done, with the
 * unit files that are attached: most versions of a service have the same
 * settings. Never rejects.
 */
export async function rehearseAhead(
  host: Pick<Host, "rehearseAhead" | "inspected" | "paths">,
  plan: Plan,
  ground: HostGround,
): Promise<void> {
  const { attachment } = plan;
  const target = ground.versions.find((version) => version.path === plan.to?.path);
  const profile = plan.profile ?? profileFor(attachment);
  if (!attachment || !target || profile === null || host.inspected(target)) return;
  const texts = await attachedTexts(host.paths, attachment);
  const { extensions } = plannedLayering(plan.to, attachment);
  await host.rehearseAhead(target, { units: attachment.units, profile, extensions }, attachment, texts);
}

/** portabled copies the unit files of an image as they are. */
async function attachedTexts(
  paths: HostPaths,
  { units, location }: Attachment,
): Promise<Record<string, string>> {
  const texts = await Promise.all(
    units.map(async (unit) => {
      const text = await readFile(path.join(paths.attached[location], unit), "utf8").catch(() => "");
      return [unit, text] as const;
    }),
  );
  return Object.fromEntries(texts);
}

/** Whether the last rehearsal of the target failed: then nothing is changed before a new one has gone well. */
export function isSuspect(host: Pick<Host, "rehearsed">, plan: Plan, ground: HostGround): boolean {
  const target = ground.versions.find((version) => version.path === plan.to?.path);
  return target !== undefined && host.rehearsed(target)?.verdict === "would-not-start";
}

/** What a switch to a version would take of it now; `null` where there is no profile to keep. */
export async function partForSwitch(
  host: Host,
  version: ImageVersion,
  inspection: Inspection,
): Promise<{ part: Part; attachment: Attachment | null } | null> {
  if (!inspection.ok) return null;
  const { attachment, versions } = await readGround(host, version.service, null);
  const profile = profileFor(attachment);
  if (profile === null) return null;
  const current = versions.find(({ path }) => path === attachment?.path);
  const layering = layeringOf(attachment ?? { extensions: [] });
  const old = current ? await openImages(host, current, layering) : null;
  const { units } = choiceForPlan({ attachment, service: version.service }, old, inspection.facts);
  return { part: { units, profile, extensions: attachment?.extensions ?? [] }, attachment };
}

function wouldNotStart(
  { label }: ImageVersion,
  problem: Extract<Rehearsal, { verdict: "would-not-start" }>["problem"],
) {
  return {
    code: "would-not-start" as const,
    params: { ...problem.params, version: label, problem: problem.code },
  };
}
