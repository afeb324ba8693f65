import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import type { HostGround } from "@/lib/deploy/ground";
import type { Host } from "@/lib/deploy/host";
import { type Choice, choiceForSwitch, choiceOf, taken } from "@/lib/deploy/matches";
import { layeringOf, openImages, plannedLayering } from "@/lib/deploy/open-images";
import { imageProblem, type Plan } from "@/lib/deploy/plan";
import { Refused } from "@/lib/deploy/record";
import type { Refusal } from "@/lib/deploy/types";
import type { Message } from "@/lib/errors";
import { matchesOf } from "@/lib/images/inspect";
import type { ImageFacts, ImageVersion, Inspection } from "@/lib/images/types";
import type { Attachment } from "@/lib/services/types";
import { isTemplate } from "@/lib/services/unit-name";
import type { Layering, UnitState } from "@/lib/systemd/types";

/** What the check found out and the switch needs. */
export interface Checked {
  /** What to take of the new image. */
  readonly choice: Choice;
  readonly profile: string;
}

const DEFAULT_PROFILE = "default";
const PORTABLED_OWN = new Set(["10-profile.conf", "20-portable.conf"]);
const NOTHING_KNOWN: ImageFacts = { osRelease: {}, prefixes: [], units: [] };

/**
 * Opens the new image with its extensions (and makes sure the old ones open
 * too, for the way back) and checks everything that portabled would find out only after it has
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

  const layering = plannedLayering(plan.to, plan.attachment);
  const [fresh, old, profiles, version, stranger, ...directories] = await Promise.all([
    openImages(host, target, layering),
    current ? openImages(host, current, attachedLayering(plan.attachment)) : null,
    systemd.profiles(),
    systemd.version(),
    foreignDropIn(host, plan.attachment),
    ...[target.path, ...layering.extensions].map((file) => directoryOf(file)),
  ]);
  const profile = plan.profile ?? profileFor(plan.attachment);
  const facts = factsOf(fresh);
  const choice = choiceForPlan(plan, old, facts);
  const open = directories.find(({ mode }) => (mode & 0o1002) === 0o002);
  const added = choice.units.filter((unit) => !plan.attachment?.units.includes(unit));
  const notAllowed =
    facts.prefixes.length > 0 && choice.matches.find((prefix) => !facts.prefixes.includes(prefix));
  const refusal =
    (fresh.ok ? null : imageProblem(target.path, fresh.problem)) ??
    (old && !old.ok ? { code: "no-way-back" as const, params: { path: old.path } } : null) ??
    profileRefusal(profile, profiles) ??
    prefixCollision(plan.service, version, ground.others) ??
    (open ? { code: "writable-by-others" as const, params: { path: open.path } } : null) ??
    (notAllowed ? imageProblem(target.path, notAllowedProblem(notAllowed, facts)) : null) ??
    (choice.units.length === 0 ? imageProblem(target.path, noUnits(choice)) : null) ??
    stranger ??
    takenByOthers(added, ground.others) ??
    unitCollision(await newUnitStates(host, added));
  if (refusal) throw new Refused(refusal);
  return { choice, profile: profile ?? DEFAULT_PROFILE };
}

/** What portabled would find out, or mix up, only in the middle of a detach. Throws `Refused`. */
export async function checkDetach(host: Host, plan: Plan, ground: HostGround): Promise<void> {
  const refusal =
    prefixCollision(plan.service, await host.systemd.version(), ground.others) ??
    (await foreignDropIn(host, plan.attachment));
  if (refusal) throw new Refused(refusal);
}

/** What is taken of the attached image, as it would have to be attached again. Opens it if it has to. */
export async function attachedChoice(
  host: Host,
  attachment: Attachment,
  versions: readonly ImageVersion[],
): Promise<Choice> {
  const current = versions.find((version) => version.path === attachment.path);
  const opened = current ? await openImages(host, current, layeringOf(attachment)) : null;
  return choiceOf(opened?.ok ? opened.facts : NOTHING_KNOWN, attachment.service, attachment.units);
}

function attachedLayering(attachment: Attachment | null): Layering {
  return layeringOf(attachment ?? { extensions: [] });
}

async function directoryOf(file: string): Promise<{ path: string; mode: number }> {
  const directory = path.dirname(file);
  return { path: directory, mode: (await stat(directory)).mode };
}

/** What a switch would take of a version that was opened: all of it, or the same part as of the attached one. */
export function choiceForPlan(
  plan: Pick<Plan, "attachment" | "service">,
  old: Inspection | null,
  facts: ImageFacts,
): Choice {
  const matches = matchesOf(facts, plan.service);
  if (!plan.attachment || !old?.ok) return { matches, units: taken(facts, matches) };
  const from = { facts: old.facts, choice: choiceOf(old.facts, plan.service, plan.attachment.units) };
  return choiceForSwitch(from, facts, plan.service);
}

function noUnits({ matches }: Choice): Message {
  return { code: "no-matching-units", params: { prefix: matches.join(" ") } };
}

function notAllowedProblem(prefix: string, facts: ImageFacts): Message {
  return { code: "prefix-not-allowed", params: { prefix, prefixes: facts.prefixes.join(" ") } };
}

/** portabled removes only its own two files, and fails half way when the directory is not empty then. */
async function foreignDropIn(host: Host, attachment: Attachment | null): Promise<Refusal | null> {
  if (!attachment) return null;
  for (const unit of attachment.units) {
    const directory = path.join(host.paths.attached[attachment.location], `${unit}.d`);
    const stranger = (await readdir(directory).catch(() => [])).find((name) => !PORTABLED_OWN.has(name));
    if (stranger) return { code: "foreign-drop-in", params: { path: path.join(directory, stranger), unit } };
  }
  return null;
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

/** A template among them, of which PID 1 has no state. */
function takenByOthers(added: readonly string[], others: readonly Attachment[]): Refusal | null {
  const unit = added.find((name) => others.some(({ units }) => units.includes(name)));
  return unit ? { code: "unit-exists", params: { unit } } : null;
}

async function newUnitStates(host: Host, added: readonly string[]): Promise<readonly UnitState[]> {
  const names = added.filter((unit) => !isTemplate(unit));
  return names.length === 0 ? [] : host.systemd.unitStates(names);
}

/** portabled skips this check on a reattach, and would put its file beside the host's own. */
function unitCollision(states: readonly UnitState[]): Refusal | null {
  const taken = states.find((state) => state.load !== "not-found");
  return taken ? { code: "unit-exists", params: { unit: taken.name } } : null;
}

function factsOf(inspection: Inspection): ImageFacts {
  return inspection.ok ? inspection.facts : NOTHING_KNOWN;
}
