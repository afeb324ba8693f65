import { readFile } from "node:fs/promises";
import path from "node:path";
import type { AttachedFiles } from "@/lib/deploy/collateral";
import type { Host } from "@/lib/deploy/host";
import { parseUnitFile } from "@/lib/images/unit-file";
import type { Attachment } from "@/lib/services/types";
import { isTemplate } from "@/lib/services/unit-name";
import type { HostPaths, UnitState } from "@/lib/systemd/types";

/** A unit that ran, or was meant to run, when the way back was written down. */
export interface RanUnit {
  readonly unit: string;
  readonly invocationId: string;
  /** It had failed already: to be started with the new version, but not held against the old one. */
  readonly hadFailed: boolean;
}

const RUNS = new Set(["active", "activating", "reloading", "refreshing"]);

/** Units of an attachment that run now or failed, instances of templates included. */
export async function unitsThatRan(host: Host, attachment: Attachment): Promise<RanUnit[]> {
  const states = await statesOf(host, attachment);
  const wanted = states.filter((state) => RUNS.has(state.active) || state.active === "failed");
  const looked = await Promise.all(
    wanted.map(async (state) => ({ state, status: await host.systemd.unitStatus(state.name) })),
  );
  return looked
    .filter(({ state, status }) => !isConnectionInstance(state.name, status.triggeredBy))
    .map(({ state, status }) => ({
      unit: state.name,
      invocationId: status.invocationId,
      hadFailed: state.active === "failed",
    }));
}

/** States of all units of an attachment; a template is replaced by its loaded instances. */
export async function statesOf(host: Host, attachment: Attachment): Promise<readonly UnitState[]> {
  const templates = attachment.units.filter(isTemplate);
  const [plain, instances] = await Promise.all([
    host.systemd.unitStates(attachment.units.filter((unit) => !isTemplate(unit))),
    templates.length === 0
      ? []
      : host.systemd.unitsByPatterns(templates.map((unit) => unit.replace("@.", "@*."))),
  ]);
  return [...plain, ...instances];
}

export function isService(unit: string): boolean {
  return unit.endsWith(".service");
}

/** Whether a unit, or the template it is an instance of, belongs to an attachment. */
export function hasUnit(attachment: Attachment, unit: string): boolean {
  return attachment.units.includes(unit) || attachment.units.includes(unit.replace(/@[^.]*\./, "@."));
}

/** An instance that a socket with Accept=yes made for one connection: it cannot be restarted without it. */
function isConnectionInstance(unit: string, triggeredBy: readonly string[]): boolean {
  return /@[^.]/.test(unit) && triggeredBy.some((trigger) => trigger.endsWith(".socket"));
}

/** Units whose file differs between two readings. A socket that did not change goes on listening and is left alone. */
export function changedUnits(
  paths: HostPaths,
  attachment: Attachment,
  before: AttachedFiles,
  after: AttachedFiles,
): Set<string> {
  const directory = paths.attached[attachment.location];
  const differs = (unit: string) =>
    before.get(path.join(directory, unit)) !== after.get(path.join(directory, unit));
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
