import { readFile } from "node:fs/promises";
import path from "node:path";
import type { AttachedFiles } from "@/lib/deploy/collateral";
import type { Host } from "@/lib/deploy/host";
import type { WayBack } from "@/lib/deploy/intent";
import { parseUnitFile } from "@/lib/images/unit-file";
import type { Attachment } from "@/lib/services/types";
import { isTemplate, templateOf } from "@/lib/services/unit-name";
import type { HostPaths, UnitState, UnitStatus } from "@/lib/systemd/types";

/** A unit that ran, or was meant to run, when the way back was written down. */
export interface RanUnit {
  readonly unit: string;
  readonly invocationId: string;
  /** It had failed already: to be started with the new version, but not held against the old one. */
  readonly hadFailed: boolean;
}

const RUNS = new Set(["active", "activating", "reloading", "refreshing"]);

/**
 * Units of an attachment that run now or failed, and that a new version has to
 * take over. Jobs are left alone: a oneshot that is at work, or a service that
 * a timer starts, ends by itself, and the next start is the new version's.
 */
export async function unitsThatRan(host: Host, attachment: Attachment): Promise<RanUnit[]> {
  const states = await statesOf(host, attachment);
  const wanted = states.filter((state) => RUNS.has(state.active) || state.active === "failed");
  const looked = await Promise.all(wanted.map((state) => host.systemd.unitStatus(state.name)));
  return looked
    .filter((status) => !isConnectionInstance(status.name, status.triggeredBy) && !isJob(status))
    .map((status) => ({
      unit: status.name,
      invocationId: status.invocationId,
      hadFailed: status.active === "failed",
    }));
}

function isJob({ active, service, triggeredBy }: UnitStatus): boolean {
  if (!service) return false;
  if (service.type === "oneshot") return active !== "active"; // active: RemainAfterExit=
  const hasTrigger = triggeredBy.length > 0;
  return triggeredBy.some((unit) => unit.endsWith(".timer")) || (hasTrigger && active === "failed");
}

/** States of all units of an attachment; a template is replaced by its loaded instances. */
export async function statesOf(
  host: Host,
  attachment: Pick<Attachment, "units">,
): Promise<readonly UnitState[]> {
  const templates = attachment.units.filter(isTemplate);
  const [plain, instances] = await Promise.all([
    host.systemd.unitStates(attachment.units.filter((unit) => !isTemplate(unit))),
    templates.length === 0
      ? []
      : host.systemd.unitsByPatterns(templates.map((unit) => unit.replace("@.", "@*."))),
  ]);
  return [...plain, ...instances];
}

/** Units that run, of whatever kind: what has to stop before a detach. */
export async function unitsThatRun(host: Host, attachment: Pick<Attachment, "units">): Promise<string[]> {
  return (await statesOf(host, attachment)).filter((state) => RUNS.has(state.active)).map(({ name }) => name);
}

export function isService(unit: string): boolean {
  return unit.endsWith(".service");
}

/** Whether a unit, or the template it is an instance of, belongs to an attachment. */
export function hasUnit(attachment: Pick<Attachment, "units">, unit: string): boolean {
  return attachment.units.includes(unit) || attachment.units.includes(templateOf(unit));
}

/** An instance that a socket with Accept=yes made for one connection: it cannot be restarted without it. */
function isConnectionInstance(unit: string, triggeredBy: readonly string[]): boolean {
  return /@[^.]/.test(unit) && triggeredBy.some((trigger) => trigger.endsWith(".socket"));
}

/** Units whose file differs from an earlier reading. A socket that did not change goes on listening and is left alone. */
export function changedUnits(
  paths: HostPaths,
  attachment: Attachment,
  before: WayBack["files"],
  after: AttachedFiles,
): Set<string> {
  const directory = paths.attached[attachment.location];
  const old = new Map(before);
  const differs = (unit: string) =>
    old.get(path.join(directory, unit)) !== after.get(path.join(directory, unit));
  return new Set(attachment.units.filter(differs));
}

/**
 * Units that a first attach starts: those that say how they want to be
 * enabled; where none does, the plain services that nothing else triggers.
 */
export async function unitsToStart(
  paths: HostPaths,
  attachment: Attachment,
): Promise<{ start: string[]; enable: string[] }> {
  const directory = paths.attached[attachment.location];
  const plain = attachment.units.filter((unit) => !isTemplate(unit));
  const installable: string[] = [];
  for (const unit of plain) {
    const settings = parseUnitFile(await readFile(path.join(directory, unit), "utf8"));
    if (settings.some((setting) => setting.section === "Install")) installable.push(unit);
  }
  if (installable.length > 0) return { start: installable, enable: installable };
  const isTriggered = (unit: string) =>
    plain.some((other) => !isService(other) && stem(other) === stem(unit));
  return { start: plain.filter((unit) => isService(unit) && !isTriggered(unit)), enable: [] };
}

function stem(unit: string): string {
  return unit.slice(0, unit.lastIndexOf("."));
}
