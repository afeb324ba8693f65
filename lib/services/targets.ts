import type { ImageVersion } from "@/lib/images/types";
import { compareVersions, isPreRelease } from "@/lib/images/version";
import type { Target } from "@/lib/services/types";

/** How long it is believed, where somebody looks, that a version would not start, ms. */
const BELIEVED_MS = 60_000;
/** Versions on either side of the current one that are tried again. */
const MOST_AGAIN = 4;

export interface TargetFacts {
  /** Versions on disk, newest first. */
  readonly versions: readonly ImageVersion[];
  /** Label of what is attached; `null` when nothing is. */
  readonly current: string | null;
  /** Labels that are not to be offered. */
  readonly marked: ReadonlySet<string>;
  /** Labels that ran before by our record, newest first. */
  readonly ranBefore: readonly string[];
  /** File names that ran before by the journal, newest first. */
  readonly journalFiles: readonly string[];
  /** Units may come from extensions on top, which is told only when all are opened together. */
  readonly isLayered?: boolean;
}

/**
 * Picks what the two buttons offer. Upgrade (or first attach): the newest
 * version that was looked into and is fit and is no pre-release. Rollback: the
 * older version that ran before, by our record, else by the journal, else the
 * next lower one, which then is a guess and says so. Never one that is marked.
 */
export function chooseTargets(facts: TargetFacts): { upgrade: Target | null; rollback: Target | null } {
  // Two files of one version cannot be told apart by name: neither can be asked for.
  const files = new Map<string, number>();
  for (const { label } of facts.versions) files.set(label, (files.get(label) ?? 0) + 1);
  const named = facts.versions.filter((version) => files.get(version.label) === 1);
  const { newer, older } = splitAt(named, facts.current);
  const upgrade = newer.find((version) => isFit(version, facts));
  return {
    upgrade: upgrade ? { version: upgrade, why: "newest" } : null,
    rollback: chooseRollback(facts, older),
  };
}

/**
 * The versions worth opening before anyone asks and not opened yet, the most
 * useful first: the current one, where a rollback would lead, and newer ones
 * until one is fit. `isWhole`: then every other one too. May be thousands.
 */
export function worthInspecting(facts: TargetFacts, isWhole = false): ImageVersion[] {
  const { versions, current } = facts;
  const { newer, older } = splitAt(versions, current);
  const rollback = chooseRollback(facts, older);
  const fit = newer.findIndex((version) => isFit(version, facts));
  const wanted = [
    ...versions.filter((version) => version.label === current),
    ...(rollback ? [rollback.version] : []),
    ...newer.slice(0, fit < 0 ? newer.length : fit).filter((version) => !isPreRelease(version.label)),
    ...(isWhole ? versions : []),
  ];
  return [...new Set(wanted)].filter((version) => version.inspection === null);
}

/**
 * The versions worth rehearsing before anyone asks: where the two buttons lead,
 * so that neither leads to a failure. `isWhole`: somebody looks, so what would
 * not start a while ago is tried again, since it may have been the host that
 * lacked something; a few on either side of the current one, for each is a start
 * to PID 1 and a page that is open looks again with each answer.
 */
export function worthRehearsing(facts: TargetFacts, isWhole = false): ImageVersion[] {
  const { upgrade, rollback } = chooseTargets(facts);
  const targets = [upgrade, rollback].flatMap((target) => target?.version ?? []);
  const { newer, older } = splitAt(facts.versions, facts.current);
  const failed = [newer, older].flatMap((side) => side.filter(wouldFail).slice(0, MOST_AGAIN));
  const wanted = [
    ...targets.filter(({ rehearsal }) => rehearsal === null),
    ...(isWhole ? failed.filter(isOldFailure) : []),
  ];
  return wanted.filter(({ inspection }) => inspection?.ok === true);
}

function isFit(version: ImageVersion, facts: TargetFacts): boolean {
  const isGood = version.inspection !== null && !isBroken(version, facts) && !wouldFail(version);
  return isGood && !isPreRelease(version.label) && !facts.marked.has(version.label);
}

function isBroken({ inspection }: ImageVersion, { isLayered = false }: TargetFacts): boolean {
  if (inspection?.ok !== false) return false;
  return !(isLayered && inspection.problem.code === "no-matching-units");
}

/** By the last rehearsal. One that was not rehearsed is tried like any other. */
function wouldFail({ rehearsal }: ImageVersion): boolean {
  return rehearsal?.verdict === "would-not-start";
}

function isOldFailure({ rehearsal }: ImageVersion): boolean {
  return rehearsal !== null && Math.abs(Date.now() - rehearsal.at) > BELIEVED_MS;
}

/** Of versions that are sorted newest first, those before and those behind the current one; without one all are newer. */
function splitAt(versions: readonly ImageVersion[], current: string | null) {
  const order = ({ label }: ImageVersion) => (current === null ? 1 : compareVersions(label, current));
  const end = versions.findIndex((version) => order(version) <= 0);
  if (end < 0) return { newer: versions, older: [] };
  const start = versions.findIndex((version, index) => index >= end && order(version) < 0);
  return { newer: versions.slice(0, end), older: start < 0 ? [] : versions.slice(start) };
}

function chooseRollback(facts: TargetFacts, allOlder: readonly ImageVersion[]): Target | null {
  const { marked, ranBefore, journalFiles } = facts;
  const isGood = (version: ImageVersion) => !isBroken(version, facts) && !wouldFail(version);
  const older = allOlder.filter((version) => isGood(version) && !marked.has(version.label));

  const recorded = ranBefore.map((label) => older.find((version) => version.label === label)).find(isVersion);
  if (recorded) return { version: recorded, why: "history" };
  const started = journalFiles
    .map((file) => older.find((version) => version.path.endsWith(`/${file}`)))
    .find(isVersion);
  if (started) return { version: started, why: "journal" };
  const lower = older[0];
  return lower ? { version: lower, why: "next-lower" } : null;
}

function isVersion(version: ImageVersion | undefined): version is ImageVersion {
  return version !== undefined;
}
