import type { DeploymentRow, StepRow } from "@/lib/db";
import { layerChanges } from "@/lib/deploy/layers";
import type {
  Deployment,
  DeploymentSummary,
  Kind,
  LayerRef,
  Origin,
  Outcome,
  Phase,
  Step,
  StepName,
  VersionRef,
} from "@/lib/deploy/types";
import { verdictOf } from "@/lib/history/verdict";
import type { Location } from "@/lib/systemd/types";

export const SUMMARY_COLUMNS = [
  "id",
  "service",
  "kind",
  "origin",
  "fromLabel",
  "toLabel",
  "by",
  "reason",
  "requestedAt",
  "startedAt",
  "finishedAt",
  "startsAt",
  "phase",
  "outcome",
  "message",
  "fromExtensions",
  "toExtensions",
] as const satisfies readonly (keyof DeploymentRow)[];
export type SummaryRow = Pick<DeploymentRow, (typeof SUMMARY_COLUMNS)[number]>;

export function toRow(deployment: Deployment): DeploymentRow {
  const { from, to, message, steps: _steps, endsAt: _endsAt, log, ...same } = deployment;
  return {
    ...same,
    fromLabel: from?.label ?? null,
    fromPath: from?.path ?? null,
    fromSize: from?.size ?? null,
    fromMtimeMs: from?.mtimeMs ?? null,
    fromSha256: from?.sha256 ?? null,
    fromExtensions: from?.layers ? JSON.stringify(from.layers) : null,
    toLabel: to?.label ?? null,
    toPath: to?.path ?? null,
    toSize: to?.size ?? null,
    toMtimeMs: to?.mtimeMs ?? null,
    toSha256: to?.sha256 ?? null,
    toExtensions: to?.layers ? JSON.stringify(to.layers) : null,
    message: message && JSON.stringify(message),
    verdict: verdictOf(deployment),
    log: JSON.stringify(log),
  };
}

export function toStepRow(deploymentId: string, step: Step): StepRow {
  const { params, message, ...same } = step;
  return {
    ...same,
    deploymentId,
    params: JSON.stringify(params),
    message: message && JSON.stringify(message),
  };
}

export function toDeployment(row: DeploymentRow, steps: readonly StepRow[]): Deployment {
  const { layers: _changes, ...summary } = toSummary(row);
  const from = toVersion(row.fromLabel, row.fromPath, row.fromSize, row.fromMtimeMs, row.fromSha256);
  const to = toVersion(row.toLabel, row.toPath, row.toSize, row.toMtimeMs, row.toSha256);
  return {
    ...summary,
    from: from && { ...from, ...toLayers(row.fromExtensions) },
    to: to && { ...to, ...toLayers(row.toExtensions) },
    profile: row.profile,
    location: row.location === null ? null : stored<Location>(row.location),
    trialMs: row.trialMs,
    batch: row.batch,
    steps: steps.map(toStep),
    log: parsed<Deployment["log"]>(row.log),
  };
}

export function toSummary(row: SummaryRow): DeploymentSummary {
  return {
    id: row.id,
    service: row.service,
    kind: stored<Kind>(row.kind),
    origin: stored<Origin>(row.origin),
    from: row.fromLabel,
    to: row.toLabel,
    by: row.by,
    reason: row.reason,
    requestedAt: row.requestedAt,
    startedAt: row.startedAt,
    finishedAt: row.finishedAt,
    startsAt: row.startsAt,
    endsAt: null, // only while it runs, and then the engine tells it
    phase: stored<Phase>(row.phase),
    outcome: row.outcome === null ? null : stored<Outcome>(row.outcome),
    message: row.message === null ? null : parsed<Deployment["message"]>(row.message),
    ...layerChanges(toLayers(row.fromExtensions), toLayers(row.toExtensions)),
  };
}

function toLayers(extensions: string | null): Pick<VersionRef, "layers"> {
  return extensions === null ? {} : { layers: parsed<readonly LayerRef[]>(extensions) };
}

function toStep(row: StepRow): Step {
  return {
    seq: row.seq,
    name: stored<StepName>(row.name),
    direction: stored<Step["direction"]>(row.direction),
    params: parsed<Step["params"]>(row.params),
    startedAt: row.startedAt,
    durationMs: row.durationMs,
    outcome: stored<Step["outcome"]>(row.outcome),
    message: row.message === null ? null : parsed<Step["message"]>(row.message),
  };
}

/** All but the digest are there, or none: a label may be empty, so `null` decides. */
function toVersion(
  label: string | null,
  path: string | null,
  size: number | null,
  mtimeMs: number | null,
  sha256: string | null,
): VersionRef | null {
  if (label === null || path === null || size === null || mtimeMs === null) return null;
  return { label, path, size, mtimeMs, sha256 };
}

/** Only `toRow` writes these columns, and it takes the same type. */
function stored<T extends string>(text: string): T {
  return text as T;
}

/** As `stored`, for columns that hold JSON. */
export function parsed<T>(json: string): T {
  return JSON.parse(json) as T;
}
