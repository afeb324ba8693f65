import { lstatSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Box } from "../lab/box";
import { type Shown, showUnits, versionOfProcess } from "./show";
import { type Entry, isSame, readTree, type Tree } from "./tree";

/** Where the guest's files are reached. */
export type Root = Pick<Box, "rootPath">;

/** A version of a service as it was built: what has to lie on the host where it is attached. */
export interface Version {
  readonly label: string;
  /** Path of the image in the guest. */
  readonly image: string;
  /** Unit name → text in the image. */
  readonly units: Readonly<Record<string, string>>;
}

/** The host before something was done to it. */
export interface Before {
  readonly files: Tree;
  readonly units: ReadonlyMap<string, Shown>;
}

export interface Expectation {
  /** The only versions the service may be on; `null` = detached. */
  readonly allowed: readonly (Version | null)[];
  /** Every version whose units could lie around. */
  readonly known: readonly Version[];
  readonly before: Before;
  /** Units of services that are being changed at the same time, and judged on their own. */
  readonly meanwhile?: readonly string[];
  /** The host has booted since: what lay in /run is gone, and every process is another. */
  readonly rebooted: boolean;
}

const ATTACHED = ["/etc/systemd/system.attached", "/run/systemd/system.attached"];
const LINKS = ["/etc/systemd/system", "/run/systemd/system"];
/** All that portabled and `enable` write. */
export const WATCHED = [...ATTACHED, ...LINKS];
const CLOCK_SLACK_US = 20_000;

/** Looks at the host as it is. `units`: every unit that anything is to be said about later. */
export async function lookAtHost(box: Box, units: readonly string[]): Promise<Before> {
  return { files: readTree(box.rootPath(""), WATCHED), units: await showUnits(box, units) };
}

/**
 * Everything that speaks against "this service is on exactly one of the
 * allowed versions, complete on disk, running or being started from it, and
 * nobody else was touched". Empty = converged. Knows nothing but the host.
 */
export async function problemsOf(box: Box, expected: Expectation): Promise<string[]> {
  const units = expected.known.flatMap((version) => Object.keys(version.units));
  const now = await lookAtHost(box, [...new Set([...expected.before.units.keys(), ...units])]);
  return judge(box, expected, now);
}

/** As `problemsOf`, for a host that was looked at already. */
export function judge(box: Root, expected: Expectation, now: Before): string[] {
  const { known, before, allowed, rebooted, meanwhile = [] } = expected;
  const own = new Set(known.flatMap(({ units }) => Object.keys(units)));
  const images = [...new Set([...own].flatMap((unit) => attachedImage(now.files, unit) ?? []))];
  const found = images.length === 0 ? null : known.find(({ image }) => image === images[0]);
  const others = problemsOfOthers(before, now, new Set([...own, ...meanwhile]), rebooted);
  if (images.length > 1) return [`several images are attached: ${images.join(", ")}`, ...others];
  if (found === undefined || !allowed.some((version) => version?.image === found?.image))
    return [`attached is ${images[0] ?? "nothing"}, allowed ${allowed.map(labelOf).join(" or ")}`, ...others];
  return [
    ...problemsOfFiles(box, found, before.files, now.files, own),
    ...problemsOfLinks(found, before.files, now.files, own),
    ...[...own].flatMap((unit) => problemsOfUnit(box, found, unit, before, now)),
    ...(rebooted && found ? problemsOfBoot(box, found, now) : []),
    ...others,
  ];
}

const labelOf = (version: Version | null) => version?.label ?? "nothing";

/** The image that portabled's drop-in names for a unit. */
function attachedImage(files: Tree, unit: string): string | null {
  const text = ATTACHED.map((directory) => files.get(`${directory}/${unit}.d/20-portable.conf`)?.text);
  return /^Root(?:Image|Directory)=(.*)$/m.exec(text.find((one) => one !== undefined) ?? "")?.[1] ?? null;
}

function problemsOfFiles(
  box: Root,
  found: Version | null,
  before: Tree,
  now: Tree,
  own: ReadonlySet<string>,
): string[] {
  const present = [...own].filter((unit) => ATTACHED.some((directory) => now.has(`${directory}/${unit}`)));
  const wanted = Object.keys(found?.units ?? {});
  const problems = [
    ...wanted.filter((unit) => !present.includes(unit)).map((unit) => `${unit} is not on disk`),
    ...present.filter((unit) => !wanted.includes(unit)).map((unit) => `${unit} is on disk and of no version`),
  ];
  const profiles = profilesOf(before, own);
  for (const [unit, text] of Object.entries(found?.units ?? {})) {
    const at = (name: string) => pick(now, `${unit}${name}`);
    if (!at("")?.text.includes(text)) problems.push(`${unit} is not the image's`);
    if (attachedImage(now, unit) !== found?.image) problems.push(`${unit} names another image`);
    const profile = at(".d/10-profile.conf");
    if (!profile || (profiles.size > 0 && !profiles.has(profile.text)))
      problems.push(`${unit} has profile ${profile?.text ?? "none"}`);
    else if (profile.kind === "link" && !isThere(box.rootPath(profile.text)))
      problems.push(`${profile.text} is not there`);
  }
  return problems;
}

/** Enable links stay as they were; only a unit that the old version did not have may have a new one. */
function problemsOfLinks(found: Version | null, before: Tree, now: Tree, own: ReadonlySet<string>): string[] {
  const isLink = ([path]: [string, Entry]) =>
    own.has(basename(path)) && /\.(wants|requires)$/.test(dirname(path));
  const had = [...before].filter(isLink).map(([path]) => path);
  const has = [...now].filter(isLink).map(([path]) => path);
  const isOf = (path: string) => Object.hasOwn(found?.units ?? {}, basename(path));
  const existed = (path: string) =>
    ATTACHED.some((directory) => before.has(`${directory}/${basename(path)}`));
  const mayBeNew = (path: string) => isOf(path) && !existed(path);
  const gone = had.filter((path) => isOf(path) && !has.includes(path));
  const fresh = has.filter((path) => !had.includes(path) && !mayBeNew(path));
  const dangling = has.filter((path) => had.includes(path) && !isOf(path));
  return [
    ...gone.map((path) => `the link ${path} is gone`),
    ...fresh.map((path) => `the link ${path} is new`),
    ...dangling.map((path) => `the link ${path} leads nowhere`),
  ];
}

function problemsOfUnit(
  box: Root,
  found: Version | null,
  unit: string,
  before: Before,
  now: Before,
): string[] {
  const shown = now.units.get(unit);
  const isUp = shown?.active === "active" || shown?.active === "activating" || shown?.active === "reloading";
  if (!found || !Object.hasOwn(found.units, unit))
    return isUp || shown?.active === "deactivating" ? [`${unit} runs and is of no version`] : [];
  if (!shown) return [`PID 1 says nothing of ${unit}`];
  const problems: string[] = [];
  if (shown.load !== "loaded") problems.push(`${unit} is ${shown.load}`);
  if (shown.needReload) problems.push(`${unit} needs a daemon-reload`);
  if (shown.root !== found.image) problems.push(`PID 1 has ${shown.root} for ${unit}`);
  if (before.units.get(unit)?.active === "active" && (!isUp || shown.sub.startsWith("auto-restart")))
    problems.push(`${unit} ran and is ${shown.active} (${shown.sub})`);
  const runs = shown.mainPid > 0 ? versionOfProcess(box, shown.mainPid) : null;
  if (runs !== null && runs !== found.label) problems.push(`the process of ${unit} is of ${runs}`);
  return problems;
}

/** Across a boot the files have to be right before anything is started from them. */
function problemsOfBoot(box: Root, found: Version, now: Before): string[] {
  const uptime = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1000;
  const bootedAt = Date.now() - uptime;
  return Object.keys(found.units).flatMap((unit) => {
    const started = now.units.get(unit)?.startedUs ?? 0;
    const file = ATTACHED.map((directory) => box.rootPath(`${directory}/${unit}`)).find(isThere);
    if (started === 0 || !file) return [];
    const changedUs = (lstatSync(file).ctimeMs - bootedAt) * 1000;
    return changedUs > started + CLOCK_SLACK_US ? [`${unit} was started before its file was right`] : [];
  });
}

/** Every file that is not the service's is what it was, and what ran is the same process. */
function problemsOfOthers(
  before: Before,
  now: Before,
  own: ReadonlySet<string>,
  rebooted: boolean,
): string[] {
  const isOwn = (path: string) => path.split("/").some((part) => own.has(part.replace(/\.d$/, "")));
  const isMeant = (path: string) =>
    ATTACHED.some((directory) => path.startsWith(`${directory}/`)) &&
    !isOwn(path) &&
    !(rebooted && path.startsWith("/run/"));
  const files = [...new Set([...before.files.keys(), ...now.files.keys()])].filter(isMeant);
  const changed = files.filter((path) => !isSame(before.files.get(path), now.files.get(path)));
  const moved = [...before.units.values()].filter(({ unit, active, invocation, root }) => {
    if (own.has(unit) || active !== "active" || root === "") return false;
    const after = now.units.get(unit);
    if (rebooted) return false; // whether it is enabled, and where, is no concern of ours
    return after?.invocation !== invocation || after.active !== "active";
  });
  return [
    ...changed.map((path) => `${path} of another service changed`),
    ...moved.map(({ unit }) => `${unit} of another service is not the process it was`),
  ];
}

function profilesOf(files: Tree, own: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...own].flatMap((unit) => pick(files, `${unit}.d/10-profile.conf`)?.text ?? []));
}

function pick(files: Tree, name: string): Entry | undefined {
  return ATTACHED.map((directory) => files.get(join(directory, name))).find((entry) => entry !== undefined);
}

function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
