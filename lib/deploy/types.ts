import type { Message, Params } from "@/lib/errors";
import type { Location } from "@/lib/systemd/types";

export const KINDS = [
  "attach",
  "upgrade",
  "rollback",
  "detach",
  "restart",
  "reattach", // the same version again, so that portabled writes its files anew
  "change", //   an attached file or image was changed, without portabled
  "adopt", //    what others changed is accepted as it is
] as const;
export type Kind = (typeof KINDS)[number];

export const ORIGINS = ["attache", "outside"] as const;
/** Who made a change: this program, or somebody on the host by other means. */
export type Origin = (typeof ORIGINS)[number];

export const OUTCOMES = ["succeeded", "reverted", "refused", "cancelled", "needs-person"] as const;
/**
 * How a deployment ended. `reverted`: the new version did not stay up and the old one is back.
 * `refused` and `cancelled`: nothing was changed. `needs-person`: neither version could be brought up, see its message.
 */
export type Outcome = (typeof OUTCOMES)[number];

/** Where a running deployment is. `waiting` = grace period, can be cancelled; `settling` = can be sent back. */
export const PHASES = ["waiting", "switching", "settling", "going-back", "finished"] as const;
export type Phase = (typeof PHASES)[number];

export const STEPS = [
  "wait", // the grace period
  "check", // opens the new image, checks names, profile, collisions
  "remember", // writes down the way back
  "attach", // AttachImage, or ReattachImage (for a switch)
  "detach",
  "compare", // other services' attached files are byte-identical
  "repair", // puts back what portabled removed of other services
  "reload",
  "disable",
  "enable",
  "stop", // { unit }
  "start", // { unit }
  "restart", // { unit }
  "settle", // looks again after the settling time
] as const;
export type StepName = (typeof STEPS)[number];

export interface Step {
  /** From 1, in the order in which they began. */
  readonly seq: number;
  readonly name: StepName;
  /** `forward` towards the new version, `back` towards the old one. */
  readonly direction: "forward" | "back";
  readonly params: Params;
  readonly startedAt: number;
  readonly durationMs: number | null;
  readonly outcome: "running" | "done" | "failed";
  readonly message: Message | null;
}

export interface VersionRef {
  readonly label: string;
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
  /** Filled in off the path of the click; `null` until then. */
  readonly sha256: string | null;
}

export interface LogLine {
  readonly at: number;
  readonly priority: number;
  readonly unit: string;
  readonly text: string;
}

/** One change of a service, while it runs and for ever after. All times in ms since 1970. */
export interface Deployment {
  /** ULID: sorts by time of request. */
  readonly id: string;
  readonly service: string;
  readonly kind: Kind;
  readonly origin: Origin;
  readonly from: VersionRef | null;
  readonly to: VersionRef | null;
  readonly profile: string | null;
  readonly location: Location | null;
  readonly by: string;
  readonly reason: string;
  readonly requestedAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly phase: Phase;
  /** End of the grace period; `null` when there is none or it is over. */
  readonly startsAt: number | null;
  readonly outcome: Outcome | null;
  /** Why it ended so, and what is true on the host now. */
  readonly message: Message | null;
  readonly steps: readonly Step[];
  /** Last journal lines of the unit that failed; for what was done outside, what the journal knows of it. */
  readonly log: readonly LogLine[];
}

/** What a list needs of a deployment. */
export type DeploymentSummary = Pick<
  Deployment,
  | "id"
  | "service"
  | "kind"
  | "origin"
  | "by"
  | "reason"
  | "requestedAt"
  | "startedAt"
  | "finishedAt"
  | "phase"
  | "outcome"
  | "message"
  | "startsAt"
> & { readonly from: string | null; readonly to: string | null };

/** Why a button is greyed out, and why the engine says no. */
export interface Refusal extends Message {
  readonly code:
    | "unknown-service" //       { service }
    | "unknown-version" //       { service, version }
    | "already-current" //       { version }
    | "not-attached" //          { service }
    | "deployment-running" //    { id, by, version }
    | "stale" //                 { expected, actual }
    | "has-extensions" //        { extensions }
    | "image-missing" //         { path }
    | "image-problem" //         { path, problem } plus the params of the problem
    | "ambiguous-version" //     { version, paths }
    | "stem-shared" //           { service, paths }
    | "stem-prefixes" //         { service, other }
    | "in-portables-link-dir" // { path }
    | "profile-missing" //       { profile }
    | "profile-unknown" //       {}
    | "no-way-back" //           { path }  the current image is gone or broken: nothing could be put back
    | "unit-exists" //           { unit }  a unit of that name exists on the host
    | "writable-by-others" //    { path }
    | "foreign-drop-in" //       { path, unit }
    | "no-such-unit" //          { unit }
    | "nothing-differs" //       { service }  nothing to adopt or restore
    | "differs-otherwise" //     { service }  it is not the difference any more that the page showed
    | "bytes-gone" //            { path }     the file is not the one that was deployed, and that one is gone
    | "restore-location" //      {}           portabled cannot move an attachment
    | "engine-restarted"; //     {}        the engine ended before anything was changed
}
