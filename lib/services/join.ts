import { basename } from "node:path";
import type { DeploymentSummary, Refusal } from "@/lib/deploy/types";
import type { Drift } from "@/lib/drift/types";
import type { Freeze, Mark } from "@/lib/history/types";
import { parseImageName } from "@/lib/images/name";
import type { Finding, ImageVersion } from "@/lib/images/types";
import type { ServiceFiles } from "@/lib/services/reading";
import { mainUnit, serviceState } from "@/lib/services/state";
import type { TargetFacts } from "@/lib/services/targets";
import { chooseTargets } from "@/lib/services/targets";
import type { Attachment, Service, UnitRow } from "@/lib/services/types";

/** What is known of one service beside its files. */
export interface ServiceNews {
  readonly units: readonly UnitRow[];
  readonly running: DeploymentSummary | null;
  readonly last: DeploymentSummary | null;
  readonly marks: readonly Mark[];
  readonly freeze: Freeze | null;
  readonly drift: Drift | null;
  readonly ranBefore: readonly string[];
  readonly journalFiles: readonly string[];
  /** `null` while PID 1 was never asked. */
  readonly systemdMajor: number | null;
}

/** Joins what lies on disk, what is attached, what PID 1 says and what was done, into the one thing that is shown. Pure. */
export function joinService(files: ServiceFiles, news: ServiceNews): Service {
  const attachment = files.attachments[0] ?? null;
  const main = mainUnit(files.name, news.units);
  const facts = targetFacts(files, news);
  const findings = files.findings.filter((finding) => isTrueFor(finding, news.systemdMajor));
  return {
    name: files.name,
    state: serviceState(news.units, attachment !== null),
    attachment,
    current: files.versions.find((version) => version.path === attachment?.path) ?? null,
    currentLabel: facts.current,
    versions: files.versions,
    layers: files.layers,
    units: news.units,
    enabled: news.units.some((unit) => unit.enabled),
    since: main?.since ?? null,
    findings,
    drift: news.drift,
    ...chooseTargets(facts),
    blocked: blockedBy(findings, news.running),
    running: news.running,
    last: news.last,
    marks: news.marks,
    freeze: news.freeze,
  };
}

/** What the choice of targets looks at. */
export function targetFacts(
  files: ServiceFiles,
  news: Pick<ServiceNews, "marks" | "ranBefore" | "journalFiles">,
): TargetFacts {
  const attachment = files.attachments[0];
  return {
    versions: files.versions,
    current: attachment ? labelOf(attachment) : null,
    marked: new Set(news.marks.map(({ label }) => label)),
    ranBefore: news.ranBefore,
    journalFiles: news.journalFiles,
    isLayered: files.layers.length > 0,
  };
}

/** Unit files of all images that are attached under one name. */
export function unitFiles(files: ServiceFiles): readonly string[] {
  return files.attachments.length === 1
    ? (files.attachments[0]?.units ?? [])
    : [...new Set(files.attachments.flatMap((attachment) => attachment.units))].sort();
}

/** Failed first, then by name. */
export function compareServices(a: Service, b: Service): number {
  const failed = Number(b.state === "failed") - Number(a.state === "failed");
  return failed || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

/** Versions with what was found out about them; the same object while nothing is new, so that comparing is cheap. */
export function withFindings(
  versions: readonly ImageVersion[],
  get: (version: ImageVersion) => Pick<ImageVersion, "inspection" | "rehearsal">,
  seen: WeakMap<ImageVersion, ImageVersion>,
): readonly ImageVersion[] {
  return versions.map((version) => {
    const { inspection, rehearsal } = get(version);
    const old = seen.get(version);
    if (old && old.inspection === inspection && old.rehearsal === rehearsal) return old;
    const isBare = inspection === null && rehearsal === null;
    const joined = isBare ? version : { ...version, inspection, rehearsal };
    seen.set(version, joined);
    return joined;
  });
}

function labelOf(attachment: Attachment): string {
  return parseImageName(basename(attachment.path))?.label ?? basename(attachment.path);
}

/** portabled compares whole stems since systemd 256. */
function isTrueFor(finding: Finding, systemdMajor: number | null): boolean {
  return finding.code !== "stem-prefixes" || (systemdMajor !== null && systemdMajor <= 255);
}

function blockedBy(findings: readonly Finding[], running: DeploymentSummary | null): Refusal | null {
  if (running) {
    return {
      code: "deployment-running",
      params: { id: running.id, by: running.by, version: running.to ?? "" },
    };
  }
  const shared = findings.find((finding) => finding.code === "stem-shared");
  return shared ? { code: "stem-shared", params: shared.params } : null;
}
