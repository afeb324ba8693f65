import { z } from "zod";
import type { Deployment } from "@/lib/deploy/types";
import type { Message } from "@/lib/errors";
import type { Inspection } from "@/lib/images/types";

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
const Reason = z.string().max(2000);
const DeploymentId = z.string().regex(/^[0-9A-HJKMNP-TV-Z]{26}$/);
const GraceMs = z.number().int().min(0).max(10_000);

export const METHODS = {
  /** Opens images of a service that were not opened since they changed; results arrive by `Inspected`. */
  Inspect: z.object({ service: Name, versions: z.array(Version).max(64) }).strict(),
  /** Attach, upgrade or roll back: which one it is follows from the host. `expected`: the version the page showed, null = detached. */
  Deploy: z
    .object({
      service: Name,
      version: Version,
      expected: Version.nullable(),
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
  /** While it waits: cancels. While it settles: goes back now. Otherwise refused. */
  Cancel: z.object({ id: DeploymentId, by: By }).strict(),
  /** Adds or replaces the reason of a deployment, running or long past. */
  SetReason: z.object({ id: DeploymentId, by: By, reason: Reason }).strict(),
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
  Deploy: { id: string };
  Detach: { id: string };
  Restart: { id: string };
  Cancel: { accepted: "cancelled" | "going-back" };
  SetReason: Record<string, never>;
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
  /** What is on record of a service beside its deployments is new: to be read again. */
  Noted: { service: string };
}
export type SignalName = keyof Signals;
