import { stat } from "node:fs/promises";
import path from "node:path";
import type { HostGround } from "@/lib/deploy/ground";
import type { Host } from "@/lib/deploy/host";
import { imageProblem, type Plan } from "@/lib/deploy/plan";
import { Refused } from "@/lib/deploy/record";
import type { Refusal } from "@/lib/deploy/types";
import { matchesOf } from "@/lib/images/inspect";
import type { ImageFacts, Inspection } from "@/lib/images/types";
import type { Attachment } from "@/lib/services/types";
import type { UnitState } from "@/lib/systemd/types";

/** What the check found out and the switch needs: unit prefixes of both images. */
export interface Checked {
  readonly matches: readonly string[];
  readonly matchesBack: readonly string[];
  readonly profile: string;
}

const DEFAULT_PROFILE = "default";

/**
 * Opens the new image (and makes sure the old one opens too, for the way
 * back) and checks everything that portabled would find out only after it has
 * detached the old one. Throws `Refused`.
 */
export async function checkDeployment(host: Host, plan: Plan, ground: HostGround): Promise<Checked> {
  const { systemd } = host;
  const find = (file: string | undefined) => ground.versions.find((version) => version.path === file);
  const target = find(plan.to?.path);
  const current = find(plan.from?.path);
  if (!target)
    throw new Refused({
      code: "unknown-version",
      params: { service: plan.service, version: plan.to?.label ?? "" },
    });

  const [fresh, old, profiles, version, directory] = await Promise.all([
    host.inspect(target),
    current ? host.inspect(current) : null,
    systemd.profiles(),
    systemd.version(),
    stat(path.dirname(target.path)),
  ]);
  const profile = profileFor(plan.attachment);
  const facts = factsOf(fresh);
  const refusal =
    (fresh.ok ? null : imageProblem(target.path, fresh.problem)) ??
    (old && !old.ok ? { code: "no-way-back" as const, params: { path: old.path } } : null) ??
    profileRefusal(profile, profiles) ??
    prefixCollision(plan.service, version, ground.others) ??
    ((directory.mode & 0o1002) === 0o002
      ? { code: "writable-by-others" as const, params: { path: path.dirname(target.path) } }
      : null) ??
    unitCollision(await newUnitStates(host, facts, plan.attachment));
  if (refusal) throw new Refused(refusal);
  return {
    matches: matchesOf(facts, plan.service),
    matchesBack: matchesOf(factsOf(old ?? fresh), plan.service),
    profile: profile ?? DEFAULT_PROFILE,
  };
}

/** The profile to keep; `null` where a service was attached without one that we can name. */
export function profileFor(attachment: Attachment | null): string | null {
  if (!attachment) return DEFAULT_PROFILE;
  const needsOne = attachment.units.some((unit) => unit.endsWith(".service"));
  return attachment.profile ?? (needsOne ? null : DEFAULT_PROFILE);
}

function profileRefusal(profile: string | null, profiles: readonly string[]): Refusal | null {
  if (profile === null) return { code: "profile-unknown", params: {} };
  return profiles.includes(profile) ? null : { code: "profile-missing", params: { profile } };
}

/** systemd up to 255 compares only as many characters as our name has, so `foo` would take `foobar` with it. */
export function prefixCollision(
  service: string,
  systemdVersion: string,
  others: readonly Attachment[],
): Refusal | null {
  if (Number.parseInt(systemdVersion, 10) > 255) return null;
  const other = others.find((one) => one.service.startsWith(service));
  return other ? { code: "stem-prefixes", params: { service, other: other.service } } : null;
}

async function newUnitStates(
  host: Host,
  facts: ImageFacts,
  attachment: Attachment | null,
): Promise<readonly UnitState[]> {
  const added = facts.units.filter((unit) => !unit.includes("@.") && !attachment?.units.includes(unit));
  return added.length === 0 ? [] : host.systemd.unitStates(added);
}

/** portabled skips this check on a reattach, and would put its file beside the host's own. */
function unitCollision(states: readonly UnitState[]): Refusal | null {
  const taken = states.find((state) => state.load !== "not-found");
  return taken ? { code: "unit-exists", params: { unit: taken.name } } : null;
}

function factsOf(inspection: Inspection): ImageFacts {
  return inspection.ok ? inspection.facts : { osRelease: {}, prefixes: [], units: [] };
}
