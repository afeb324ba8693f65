import { z } from "zod";
import type { Deployment } from "@/lib/deploy/types";
import type { Message } from "@/lib/errors";
import { HealthSchema, type ProbeAnswer } from "@/lib/health/types";
import type { Inspection, Rehearsal } from "@/lib/images/types";

/**
 * The door between the web server and the engine. Every method takes one JSON
 * text and answers one JSON text (D-Bus signature `s` → `s`), so that both
 * sides share these schemas; every method answers at once.
 */
export const ENGINE = {
  name: "org.attache.Engine1",
  path: "/org/attache/Engine1",
  interface: "org.attache.Engine1",
} as const;

const Name = z.string().min(1).max(128);
const Version = z.string().max(128);
const By = z.string().min(1).max(128);
/** Free text. A form that is sent ends its lines with CRLF, whatever was typed; here a line ends with LF alone. */
export const Reason = z
  .string()
  .overwrite((text) => text.replace(/\r\n?/g, "\n"))
  .max(2000);
const DeploymentId = z.string().regex(/^[0-9A-HJKMNP-TV-Z]{26}$/);
/** The most services that are begun at once. */
export const BATCH_LIMIT = 100;
const GraceMs = z.number().int().min(0).max(10_000);

function isDistinct(targets: readonly { readonly service: string }[]): boolean {
  return new Set(targets.map(({ service }) => service)).size === targets.length;
}

export const METHODS = {
  /** Opens images of a service that were not opened since they changed; results, old ones too, arrive by `Inspected`. */
  Inspect: z.object({ service: Name, versions: z.array(Version).max(64) }).strict(),
  /** Rehearses versions of a service anew, one by one; results arrive by `Rehearsed`. */
  Rehearse: z.object({ service: Name, versions: z.array(Version).max(64) }).strict(),
  /** Attach, upgrade or roll back: which one it is follows from the host. `expected`: the version the page showed, null = detached. */
  Deploy: z
    .object({
      service: Name,
      version: Version,
      /** Extensions that are to change with it or instead of it: their version, by stem. The others stay. */
      layers: z.record(Name, Version).optional(),
      expected: Version.nullable(),
      by: By,
      reason: Reason.optional(),
      graceMs: GraceMs.optional(),
      /** Back to the present version after this long, unless someone keeps the new one. */
      trialMs: z.number().int().min(1000).max(86_400_000).optional(),
      /** Somebody wants this very version although it is marked. */
      despiteMark: z.boolean().optional(),
    })
    .strict(),
  /** Several at once, which share one reload. `stopAtFailure`: in the order given, and none behind the first that fails or is undecided. */
  DeployMany: z
    .object({
      targets: z
        .array(z.object({ service: Name, version: Version, expected: Version.nullable() }).strict())
        .min(1)
        .max(BATCH_LIMIT)
        .refine(isDistinct, "a service twice"),
      stopAtFailure: z.boolean(),
      by: By,
      reason: Reason.optional(),
      graceMs: GraceMs.optional(),
    })
    .strict(),
  Detach: z
    .object({
      service: Name,
      expected: Version,
      by: By,
      reason: Reason.optional(),
      graceMs: GraceMs.optional(),
    })
    .strict(),
  /** Restarts the units that run, or one unit of the service. */
  Restart: z
    .object({
      service: Name,
      unit: Name.optional(),
      by: By,
      reason: Reason.optional(),
      graceMs: GraceMs.optional(),
    })
    .strict(),
  /** While it waits: cancels. Until it is over: goes back now, also when a job hangs. While it goes back: refused. */
  Cancel: z.object({ id: DeploymentId, by: By }).strict(),
  /** During a trial: the new version stays. */
  Keep: z.object({ id: DeploymentId, by: By }).strict(),
  /** Adds or replaces the reason of a deployment, running or long past. */
  SetReason: z.object({ id: DeploymentId, by: By, reason: Reason }).strict(),
  /** What every version of the service has to show from now on. */
  SetHealth: z.object({ service: Name, health: HealthSchema, by: By }).strict(),
  /** Tries each probe once on what runs now, and keeps nothing; at most 2 s. */
  TryHealth: z.object({ service: Name, health: HealthSchema }).strict(),
  /** Takes a version out of what is offered. An empty reason is refused, here and below. */
  Mark: z.object({ service: Name, version: Version, reason: Reason.trim(), by: By }).strict(),
  LiftMark: z.object({ service: Name, version: Version, reason: Reason.trim(), by: By }).strict(),
  /** Until it ends nobody moves the service on. `until`: ms since 1970, `null` = until somebody ends it. */
  Freeze: z
    .object({ service: Name, reason: Reason.trim(), until: z.number().int().min(0).nullable(), by: By })
    .strict(),
  Unfreeze: z.object({ service: Name, reason: Reason.trim(), by: By }).strict(),
  /** Takes what others changed as it is from now on. `shown`: when the difference was seen that the page showed, ms since 1970. */
  Adopt: z.object({ service: Name, shown: z.number().int(), by: By }).strict(),
  /** Puts a service back as it was deployed, by a deployment of whatever kind that takes. */
  Restore: z
    .object({ service: Name, by: By, reason: Reason.optional(), graceMs: GraceMs.optional() })
    .strict(),
  /** Deployments under way. */
  Running: z.object({}).strict(),
} as const;

export type MethodName = keyof typeof METHODS;
export type Input<M extends MethodName> = z.infer<(typeof METHODS)[M]>;

export interface Outputs {
  Inspect: { queued: number };
  Rehearse: { queued: number };
  Deploy: { id: string };
  /** What was begun, and what was refused at once; with `stopAtFailure` a refusal means that nothing was begun. */
  DeployMany: {
    batch: string;
    begun: { service: string; id: string }[];
    refused: { service: string; why: Message }[];
  };
  Detach: { id: string };
  Restart: { id: string };
  Cancel: { accepted: "cancelled" | "going-back" };
  Keep: Record<string, never>;
  SetReason: Record<string, never>;
  SetHealth: Record<string, never>;
  TryHealth: { answers: ProbeAnswer[] };
  Mark: Record<string, never>;
  LiftMark: Record<string, never>;
  Freeze: Record<string, never>;
  Unfreeze: Record<string, never>;
  Adopt: { id: string };
  Restore: { id: string };
  Running: { deployments: Deployment[]; version: string };
}

/** Reply of every method: a value, or a refusal or error as code and parameters. */
export type Reply<M extends MethodName> = { ok: true; value: Outputs[M] } | { ok: false; error: Message };

/** Payloads of the signals, each one JSON text (D-Bus signature `s`). */
export interface Signals {
  /** The whole deployment after each change, as it is recorded. */
  DeploymentChanged: Deployment;
  /** Images of one service that were opened. */
  Inspected: { service: string; inspections: Inspection[] };
  /** Versions of one service that were rehearsed. */
  Rehearsed: { service: string; rehearsals: Rehearsal[] };
  /** What is on record of a service beside its deployments is new (its checks, marks, freezes, differences): to be read again. */
  Noted: { service: string };
}
export type SignalName = keyof Signals;
