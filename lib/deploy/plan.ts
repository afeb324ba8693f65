import type { Kind, Refusal, VersionRef } from "@/lib/deploy/types";
import type { Message, Params } from "@/lib/errors";
import type { Finding, ImageVersion } from "@/lib/images/types";
import { compareVersions } from "@/lib/images/version";
import type { Attachment, Service } from "@/lib/services/types";

/** What a plan is made from: the page has it in its model, the engine reads it afresh. */
export type Ground = Pick<
  Service,
  "name" | "attachment" | "currentLabel" | "versions" | "findings" | "running"
>;

export interface Plan {
  readonly service: string;
  readonly kind: Kind;
  readonly from: VersionRef | null;
  readonly to: VersionRef | null;
  /** What is attached now; its profile and location are kept. */
  readonly attachment: Attachment | null;
  /** Restart only: the one unit that was asked for, `null` = every unit that runs. */
  readonly unit: string | null;
  /** Another profile than the attached one, to be put back; left out = the attached one is kept. */
  readonly profile?: string | null;
}

export type Planned =
  | { readonly ok: true; readonly plan: Plan }
  | { readonly ok: false; readonly refusal: Refusal };

/** Findings that make a switch dangerous, because portabled would hit other files than the ones named. */
const DANGEROUS = ["stem-shared", "in-portables-link-dir"] as const;

/**
 * Decides whether version `to` may replace what is attached, and what to call
 * it. The page asks to explain a greyed-out button, the engine asks again
 * before it touches the host: the world may have moved in between.
 * `expected` is the version the page showed (`null` = detached); leave it out
 * to skip that comparison.
 */
export function planDeployment(now: Ground, to: string, expected?: string | null): Planned {
  const early = commonRefusal(now, expected);
  if (early) return no(early);

  const named = now.versions.filter((version) => version.label === to);
  const target = named[0];
  if (!target) return no({ code: "unknown-version", params: { service: now.name, version: to } });
  if (now.attachment && named.some((version) => version.path === now.attachment?.path))
    return no({ code: "already-current", params: { version: to } });
  if (named.length > 1)
    return no({
      code: "ambiguous-version",
      params: { version: to, paths: named.map((v) => v.path).join(", ") },
    });

  const problem = problemOf(now, target);
  if (problem) return no(problem);
  const current = now.versions.find((version) => version.path === now.attachment?.path);
  if (now.attachment && (!current || current.inspection?.ok === false))
    return no({ code: "no-way-back", params: { path: now.attachment.path } });

  const kind = !current ? "attach" : compareVersions(to, current.label) < 0 ? "rollback" : "upgrade";
  return yes(now, kind, target);
}

/** Decides whether the service may be detached. The image file may be gone: any other version of the stem can name it. */
export function planDetach(now: Ground, expected?: string | null): Planned {
  const early = commonRefusal(now, expected);
  if (early) return no(early);
  if (!now.attachment) return no({ code: "not-attached", params: { service: now.name } });
  if (now.versions.length === 0) return no({ code: "image-missing", params: { path: now.attachment.path } });
  const shared = findingOf(now, DANGEROUS);
  return shared ? no(shared) : yes(now, "detach", null);
}

/**
 * Decides whether the attached version may be attached anew from `file`: its
 * own path, or where it was moved to. `units`: those to take of it, since one
 * may be missing now.
 */
export function planReattach(now: Ground, file: string, units: readonly string[]): Planned {
  const early = commonRefusal(now, undefined);
  if (early) return no(early);
  if (!now.attachment) return no({ code: "not-attached", params: { service: now.name } });
  const target = now.versions.find((version) => version.path === file);
  if (!target) return no({ code: "image-missing", params: { path: file } });
  const problem = problemOf(now, target);
  return problem
    ? no(problem)
    : yes({ ...now, attachment: { ...now.attachment, units } }, "reattach", target);
}

/** Decides whether the running units, or one of them, may be restarted. */
export function planRestart(now: Ground, unit: string | null = null): Planned {
  if (now.running) return no(runningRefusal(now.running));
  if (!now.attachment) return no({ code: "not-attached", params: { service: now.name } });
  if (unit !== null && !now.attachment.units.some((name) => sameUnit(name, unit)))
    return no({ code: "no-such-unit", params: { unit } });
  return yes(now, "restart", null, unit);
}

function commonRefusal(now: Ground, expected: string | null | undefined): Refusal | null {
  if (now.running) return runningRefusal(now.running);
  if (expected !== undefined && expected !== now.currentLabel)
    return { code: "stale", params: { expected: expected ?? "", actual: now.currentLabel ?? "" } };
  const extensions = now.attachment?.extensions ?? [];
  if (extensions.length > 0) return { code: "has-extensions", params: { extensions: extensions.join(", ") } };
  return null;
}

function runningRefusal(running: NonNullable<Ground["running"]>): Refusal {
  return {
    code: "deployment-running",
    params: { id: running.id, by: running.by, version: running.to ?? "" },
  };
}

function problemOf(now: Ground, target: ImageVersion): Refusal | null {
  const finding = findingOf(now, DANGEROUS, target.path);
  if (finding) return finding;
  if ((target.mode & 0o002) !== 0) return { code: "writable-by-others", params: { path: target.path } };
  if (target.inspection?.ok === false) return imageProblem(target.path, target.inspection.problem);
  return null;
}

/** Wraps what was wrong inside an image as the reason for a refusal. */
export function imageProblem(path: string, problem: Message): Refusal {
  return { code: "image-problem", params: { ...problem.params, path, problem: problem.code } };
}

/** The finding, as a refusal; one about a single file counts only when that file is meant. */
function findingOf(now: Ground, codes: readonly Finding["code"][], path?: string): Refusal | null {
  const isMeant = (params: Params) => params.path === undefined || path === undefined || params.path === path;
  const found = now.findings.find((finding) => codes.includes(finding.code) && isMeant(finding.params));
  if (!found) return null;
  return {
    code: found.code === "stem-shared" ? "stem-shared" : "in-portables-link-dir",
    params: found.params,
  };
}

/** `worker@.service` stands for each of its instances. */
function sameUnit(name: string, unit: string): boolean {
  if (name === unit) return true;
  const at = name.indexOf("@.");
  return at > 0 && unit.startsWith(name.slice(0, at + 1)) && unit.endsWith(name.slice(at + 1));
}

function no(refusal: Refusal): Planned {
  return { ok: false, refusal };
}

function yes(now: Ground, kind: Kind, target: ImageVersion | null, unit: string | null = null): Planned {
  const current = now.versions.find((version) => version.path === now.attachment?.path);
  const from: VersionRef | null = current
    ? refOf(current)
    : now.attachment && {
        label: now.currentLabel ?? "",
        path: now.attachment.path,
        size: 0,
        mtimeMs: 0,
        sha256: null,
      };
  const to = kind === "restart" ? from : target && refOf(target);
  return { ok: true, plan: { service: now.name, kind, from, to, attachment: now.attachment, unit } };
}

function refOf(version: ImageVersion): VersionRef {
  return {
    label: version.label,
    path: version.path,
    size: version.stamp.size,
    mtimeMs: version.stamp.mtimeMs,
    sha256: null,
  };
}
