import { planLayers, toLayerRef, writablePath } from "@/lib/deploy/layers";
import type { Kind, LayerRef, Refusal, VersionRef } from "@/lib/deploy/types";
import type { Message, Params } from "@/lib/errors";
import type { Freeze, Mark } from "@/lib/history/types";
import type { Finding, ImageVersion } from "@/lib/images/types";
import { compareVersions } from "@/lib/images/version";
import type { Attachment, Service } from "@/lib/services/types";

/** What a plan is made from: the page has it in its model, the engine reads it afresh. */
export type Ground = Pick<
  Service,
  "name" | "attachment" | "currentLabel" | "versions" | "layers" | "findings" | "running" | "marks" | "freeze"
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
  /** Somebody wants this very version although it is marked. */
  readonly despiteMark?: boolean;
  /** Another profile than the attached one, to be put back; left out = the attached one is kept. */
  readonly profile?: string | null;
}

/** What somebody wants beside the version. */
export interface Wishes {
  /** Other versions of extensions, by stem; those that it does not name stay as they are. */
  readonly layers?: Readonly<Record<string, string>>;
  /** This very version, although it is marked. */
  readonly despiteMark?: boolean;
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
 * to skip that comparison. A marked version is refused unless somebody wants
 * that very one, and while the service is frozen only a rollback is planned.
 */
export function planDeployment(
  now: Ground,
  to: string,
  expected?: string | null,
  { layers: wanted = {}, despiteMark = false }: Wishes = {},
): Planned {
  const early = commonRefusal(now, expected);
  if (early) return no(early);

  const named = now.versions.filter((version) => version.label === to);
  const current = now.versions.find((version) => version.path === now.attachment?.path);
  const isSameBase = current !== undefined && named.includes(current);
  const target = isSameBase ? current : named[0];
  if (!target) return no({ code: "unknown-version", params: { service: now.name, version: to } });
  const layers = planLayers(now, wanted);
  if (!layers.ok) return no(layers.refusal);
  if (isSameBase && layers.order === null) return no({ code: "already-current", params: { version: to } });
  if (named.length > 1 && !isSameBase)
    return no({
      code: "ambiguous-version",
      params: { version: to, paths: named.map((v) => v.path).join(", ") },
    });

  const problem = problemOf(now, target);
  if (problem) return no(problem);
  if (now.attachment && (!current || faultOf(now, current)))
    return no({ code: "no-way-back", params: { path: now.attachment.path } });

  const order = isSameBase ? (layers.order ?? 0) : compareVersions(to, current?.label ?? "");
  const kind = !current ? "attach" : order < 0 ? "rollback" : "upgrade";
  if (now.freeze && kind !== "rollback") return no(frozenRefusal(now.freeze));
  const mark = isSameBase ? undefined : now.marks.find((one) => one.label === to);
  if (mark && !despiteMark) return no(markedRefusal(mark));
  const planned = yes(now, kind, target, null, layers.to);
  return planned.ok && mark ? { ok: true, plan: { ...planned.plan, despiteMark } } : planned;
}

/** Decides whether the service may be detached. The image file may be gone: any other version of the stem can name it. */
export function planDetach(now: Ground, expected?: string | null): Planned {
  const early = commonRefusal(now, expected);
  if (early) return no(early);
  if (!now.attachment) return no({ code: "not-attached", params: { service: now.name } });
  if (now.versions.length === 0) return no({ code: "image-missing", params: { path: now.attachment.path } });
  if (now.freeze) return no(frozenRefusal(now.freeze));
  const lost = now.layers.find(({ versions }) => versions.length === 0);
  if (lost) return no({ code: "layer-missing", params: { service: now.name, path: lost.path } });
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
  const layers = planLayers(now, {});
  if (!layers.ok) return no(layers.refusal);
  const problem = problemOf(now, target);
  return problem
    ? no(problem)
    : yes({ ...now, attachment: { ...now.attachment, units } }, "reattach", target, null, layers.to);
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
  return null;
}

export function markedRefusal({ label, by, reason, deploymentId }: Mark): Refusal {
  return { code: "marked", params: { version: label, by, reason, id: deploymentId ?? "" } };
}

export function frozenRefusal({ by, reason, until }: Freeze): Refusal {
  return { code: "frozen", params: { by, reason, until: until ?? 0 } };
}

/** Somebody else is at it. */
export function runningRefusal(running: NonNullable<Ground["running"]>): Refusal {
  return {
    code: "deployment-running",
    params: { id: running.id, by: running.by, version: running.to ?? "" },
  };
}

function problemOf(now: Ground, target: ImageVersion): Refusal | null {
  const finding = findingOf(now, DANGEROUS, target.path);
  if (finding) return finding;
  const open = writablePath(target);
  if (open !== null) return { code: "writable-by-others", params: { path: open } };
  const fault = faultOf(now, target);
  return fault && imageProblem(target.path, fault);
}

/** What is wrong inside an image. Units may come from its extensions alone, which only a look at all of them together tells. */
function faultOf(now: Ground, { inspection }: ImageVersion): Message | null {
  if (!inspection || inspection.ok) return null;
  const mayBeElsewhere = now.layers.length > 0 && UNITS_NOT_HERE.has(inspection.problem.code);
  return mayBeElsewhere ? null : inspection.problem;
}

const UNITS_NOT_HERE: ReadonlySet<string> = new Set(["no-matching-units", "prefix-not-allowed"]);

/** Wraps what was wrong inside an image, or inside a layer that was to lie on it, as the reason for a refusal. */
export function imageProblem(path: string, problem: Message): Refusal {
  const code = problem.params.layer === undefined ? "image-problem" : "layer-problem";
  return { code, params: { ...problem.params, path, problem: problem.code } };
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

function yes(
  now: Ground,
  kind: Kind,
  target: ImageVersion | null,
  unit: string | null = null,
  layers: readonly LayerRef[] = [],
): Planned {
  const current = now.versions.find((version) => version.path === now.attachment?.path);
  const attached = now.layers.map(toLayerRef);
  const from: VersionRef | null = current
    ? refOf(current, attached)
    : now.attachment && {
        label: now.currentLabel ?? "",
        path: now.attachment.path,
        size: 0,
        mtimeMs: 0,
        sha256: null,
        ...(attached.length > 0 ? { layers: attached } : {}),
      };
  const to = kind === "restart" ? from : target && refOf(target, layers);
  return { ok: true, plan: { service: now.name, kind, from, to, attachment: now.attachment, unit } };
}

function refOf(version: ImageVersion, layers: readonly LayerRef[]): VersionRef {
  return {
    label: version.label,
    path: version.path,
    size: version.stamp.size,
    mtimeMs: version.stamp.mtimeMs,
    sha256: null,
    ...(layers.length > 0 ? { layers } : {}),
  };
}
