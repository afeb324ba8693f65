import { type Checked, choiceForPlan, profileFor } from "@/lib/deploy/check";
import { type HostGround, readGround } from "@/lib/deploy/ground";
import type { Host } from "@/lib/deploy/host";
import type { Plan } from "@/lib/deploy/plan";
import { Refused } from "@/lib/deploy/record";
import type { ImageVersion, Inspection, Rehearsal } from "@/lib/images/types";
import type { Part } from "@/lib/rehearsal/scene";
import type { Attachment } from "@/lib/services/types";

/** Makes sure that the new version would mount, while the old one still runs. Throws `Refused`; what cannot be known does not refuse. */
export async function rehearseSwitch(
  host: Pick<Host, "rehearse">,
  plan: Plan,
  ground: HostGround,
  { choice, profile }: Checked,
): Promise<void> {
  const target = ground.versions.find((version) => version.path === plan.to?.path);
  if (!target) return; // the check has refused that already
  const extensions = plan.attachment?.extensions ?? [];
  const result = await host.rehearse(target, { units: choice.units, profile, extensions }, plan.attachment);
  if (result.verdict === "would-not-start") throw new Refused(wouldNotStart(target, result.problem));
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
  const { units } = await choiceForPlan(
    host,
    { attachment, service: version.service },
    current,
    inspection.facts,
  );
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
