import { wayBack, wayBackNow } from "@/components/way-back";
import { layerChanges } from "@/lib/deploy/layers";
import { frozenRefusal, planDeployment } from "@/lib/deploy/plan";
import type { Deployment, DeploymentSummary, Kind, Refusal, Step } from "@/lib/deploy/types";
import type { Message } from "@/lib/errors";
import { isPreRelease } from "@/lib/images/version";
import type { Service, ServiceState, Target } from "@/lib/services/types";

/** What the list shows of a deployment that runs. */
export interface RowDeployment extends Omit<DeploymentSummary, "message" | "reason" | "startedAt"> {
  /** The step that runs now, where its events have told. */
  readonly step?: Pick<Step, "name" | "direction" | "params">;
}

/** What the list shows of a deployment that has ended. `at`: its end, or its request, ms since 1970. */
export interface RowLast
  extends Pick<DeploymentSummary, "id" | "kind" | "origin" | "from" | "to" | "layers" | "by" | "outcome"> {
  readonly at: number;
  /** Why it ended so; left out where it succeeded, so that hundreds of rows stay light. */
  readonly message?: Message;
}

/** What one button offers. */
export interface RowTarget {
  readonly version: string;
  readonly why: Target["why"];
}

/** One line of the list: small, since hundreds of them travel with the page and with each change. */
export interface ServiceRow {
  readonly name: string;
  readonly state: ServiceState;
  /** Label of the attached version; `null` = detached. */
  readonly current: string | null;
  /** Label of the newest version on disk; `null` = none. */
  readonly newest: string | null;
  readonly upgrade: RowTarget | null;
  readonly rollback: RowTarget | null;
  readonly since: number | null;
  readonly blocked: Refusal | null;
  readonly running: RowDeployment | null;
  readonly last: RowLast | null;
  readonly findings: number;
  /** Why nobody may move it on; rolling back stays possible. */
  readonly frozen: Refusal | null;
  /** Somebody changed it outside. */
  readonly differs: boolean;
  /** What undoes its last deployment would be refused now. */
  readonly hasNoWayBack?: boolean;
  /** It is not attached, and versions that could be offered have not been looked into yet. */
  readonly isUnseen?: boolean;
}

const rows = new WeakMap<Service, ServiceRow>();

/** The row of a service. The model keeps a service the same object while nothing of it changes, so each is made once. */
export function toServiceRow(service: Service): ServiceRow {
  const row = rows.get(service) ?? makeRow(service);
  rows.set(service, row);
  return row;
}

function makeRow(service: Service): ServiceRow {
  const refusals = {
    upgrade: refusalOf(service, service.upgrade),
    rollback: refusalOf(service, service.rollback),
  };
  const isAllowed = (which: "upgrade" | "rollback") => service[which] !== null && refusals[which] === null;
  const hasChoice = isAllowed("upgrade") || isAllowed("rollback");
  const offer = (which: "upgrade" | "rollback") =>
    service[which] !== null && (isAllowed(which) || !hasChoice) ? toRowTarget(service[which]) : null;
  return {
    name: service.name,
    state: service.state,
    current: service.currentLabel,
    newest: service.versions[0]?.label ?? null,
    upgrade: offer("upgrade"),
    rollback: offer("rollback"),
    since: service.since,
    blocked: service.blocked ?? (hasChoice ? null : (refusals.upgrade ?? refusals.rollback)),
    running: service.running && toRowDeployment(service.running),
    last: service.last && toRowLast(service.last),
    findings: service.findings.length,
    frozen: service.freeze && frozenRefusal(service.freeze),
    differs: service.drift !== null,
    ...(hasNoWayBack(service) ? { hasNoWayBack: true } : {}),
    ...(isUnseen(service) ? { isUnseen: true } : {}),
  };
}

function hasNoWayBack(service: Service): boolean {
  const { last, currentLabel } = service;
  return last !== null && wayBack(last, currentLabel) !== null && wayBackNow(last, service) === null;
}

function isUnseen({ attachment, upgrade, versions }: Service): boolean {
  if (attachment || upgrade) return false;
  return versions.some(({ inspection, label }) => inspection === null && !isPreRelease(label));
}

/** Why a target cannot be chosen: what the engine would say, asked before anyone clicks. */
function refusalOf(service: Service, target: Target | null): Refusal | null {
  if (!target) return null;
  const planned = planDeployment({ ...service, running: null }, target.version.label);
  return planned.ok ? null : planned.refusal;
}

/** Failed first, then by name: the order of the model, kept while rows change one by one. */
export function compareRows(a: ServiceRow, b: ServiceRow): number {
  const failed = Number(b.state === "failed") - Number(a.state === "failed");
  return failed !== 0 ? failed : a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

export function countFailed(services: readonly { readonly state: ServiceState }[]): number {
  return services.filter((service) => service.state === "failed").length;
}

/** Puts changed rows in place; untouched rows stay the same objects, so that they are not drawn again. */
export function applyRows(
  rows: readonly ServiceRow[],
  change: { changed: readonly ServiceRow[]; removed: readonly string[] },
): readonly ServiceRow[] {
  const gone = new Set([...change.removed, ...change.changed.map((row) => row.name)]);
  const old = new Map(rows.map((row) => [row.name, row]));
  const changed = change.changed.map((row) => keepStep(old.get(row.name), row));
  return [...rows.filter((row) => !gone.has(row.name)), ...changed].sort(compareRows);
}

/** Services whose deployment ended between two states of the list: the results that somebody is waiting for. */
export function endedBetween(before: readonly ServiceRow[], after: readonly ServiceRow[]): readonly string[] {
  const running = new Set(before.flatMap((row) => row.running?.id ?? []));
  if (running.size === 0) return [];
  return after.flatMap(({ name, last }) =>
    last && last.outcome !== null && running.has(last.id) ? [name] : [],
  );
}

/** Keeps the row of a deployment up to date from its own events, which may come before the row does. */
export function applyDeployment(rows: readonly ServiceRow[], deployment: Deployment): readonly ServiceRow[] {
  const summary = toRowDeploymentWithStep(deployment);
  return rows.map((row) => {
    if (row.name !== deployment.service) return row;
    return deployment.phase === "finished"
      ? {
          ...row,
          running: row.running?.id === summary.id ? null : row.running,
          last: toRowLast({ ...summary, message: deployment.message }),
        }
      : { ...row, running: summary };
  });
}

/** Whether a row answers the search: every word, in name, state or version. */
export function rowMatches(row: ServiceRow, query: string): boolean {
  const text = `${row.name} ${row.state} ${row.current ?? ""} ${row.newest ?? ""}`.toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** The word on the button of the newer version: a service that is not attached is not upgraded. */
export function upgradeKind(row: Pick<ServiceRow, "current">): Kind {
  return row.current === null ? "attach" : "upgrade";
}

export function toRowDeploymentWithStep(deployment: Deployment): RowDeployment {
  const step = deployment.steps.findLast(({ outcome, name }) => outcome === "running" && name !== "wait");
  return {
    ...toRowDeployment({
      ...deployment,
      from: deployment.from?.label ?? null,
      to: deployment.to?.label ?? null,
      ...layerChanges(deployment.from, deployment.to),
    }),
    ...(step ? { step: { name: step.name, direction: step.direction, params: step.params } } : {}),
  };
}

/** Rows know no steps, so a new row must not forget the one that an event has told. */
function keepStep(old: ServiceRow | undefined, row: ServiceRow): ServiceRow {
  const step = old?.running?.step;
  return step && row.running?.id === old?.running?.id ? { ...row, running: { ...row.running, step } } : row;
}

function toRowTarget(target: Target): RowTarget {
  return { version: target.version.label, why: target.why };
}

function toRowLast(
  one: Pick<
    DeploymentSummary,
    | "id"
    | "kind"
    | "origin"
    | "from"
    | "to"
    | "layers"
    | "by"
    | "outcome"
    | "finishedAt"
    | "requestedAt"
    | "message"
  >,
): RowLast {
  const { id, kind, origin, from, to, layers, by, outcome, message } = one;
  const at = one.finishedAt ?? one.requestedAt;
  const why = outcome !== "succeeded" && message ? { message } : {};
  return { id, kind, origin, from, to, ...(layers ? { layers } : {}), by, outcome, at, ...why };
}

function toRowDeployment(one: DeploymentSummary): RowDeployment {
  const { id, service, kind, origin, by, requestedAt, finishedAt, phase, outcome } = one;
  const { startsAt, endsAt, from, to, layers } = one;
  const who = { id, service, kind, origin, by, requestedAt, finishedAt, phase, outcome };
  return { ...who, startsAt, endsAt, from, to, ...(layers ? { layers } : {}) };
}
