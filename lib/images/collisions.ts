import type { Finding, ImageVersion } from "@/lib/images/types";

/** Joins paths for a sentence; parsed names hold no control characters. */
export const PATH_SEPARATOR = ", ";

/**
 * Finds files and services that portabled cannot keep apart, since it compares
 * only the text before the first `_`: different programs under one stem
 * (`my_app_1`, `my_db_1`), one version in several files, and stems that begin
 * with another stem, which systemd ≤ 255 takes for the same.
 */
export function collisionFindings(versions: readonly ImageVersion[]): Finding[] {
  const services = new Map<string, ImageVersion[]>();
  for (const version of versions) {
    const same = services.get(version.service);
    if (same) same.push(version);
    else services.set(version.service, [version]);
  }
  return [
    ...[...services].flatMap(([service, ofService]) => [
      ...sharedStem(service, ofService),
      ...duplicates(service, ofService),
    ]),
    ...prefixes([...services.keys()].sort()),
  ];
}

function sharedStem(service: string, versions: readonly ImageVersion[]): Finding[] {
  const programs = new Set(versions.map((version) => programOf(version.label)));
  if (programs.size < 2) return [];
  return [{ code: "stem-shared", params: { service, paths: joinPaths(versions) } }];
}

/** "app" of "app_1.0": a further name inside the version. "1.0_build2" and "v1_beta" hold none. */
function programOf(label: string): string {
  if (!label.includes("_")) return "";
  const name = /^(.*?)_(?:v?[0-9].*)$/.exec(label)?.[1] ?? "";
  return /^(?!v[0-9])[A-Za-z]/.test(name) ? name : "";
}

function duplicates(service: string, versions: readonly ImageVersion[]): Finding[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { label } of versions) (seen.has(label) ? twice : seen).add(label);
  return [...twice].map((version) => {
    const same = versions.filter((one) => one.label === version);
    return { code: "duplicate-version", params: { service, version, paths: joinPaths(same) } };
  });
}

/** `sorted` in code unit order, so that every longer stem follows the one it begins with. */
function prefixes(sorted: readonly string[]): Finding[] {
  const open: string[] = [];
  const findings: Finding[] = [];
  for (const other of sorted) {
    while (open.length > 0 && !other.startsWith(open.at(-1) ?? "")) open.pop();
    for (const service of open) findings.push({ code: "stem-prefixes", params: { service, other } });
    open.push(other);
  }
  return findings;
}

function joinPaths(versions: readonly ImageVersion[]): string {
  return versions
    .map((version) => version.path)
    .sort()
    .join(PATH_SEPARATOR);
}
