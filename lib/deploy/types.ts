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
 * `refused` and `cancelled`: nothing was changed. `needs-person`: neither version could be brought up,
 * or others changed meanwhile what is attached; see its message.
 */
export type Outcome = (typeof OUTCOMES)[number];

/**
 * Where a running deployment is. `waiting` = grace period, can be cancelled; `switching` and `settling` = can be sent
 * back; `trial` = is up, and goes back at its end unless someone keeps it.
 */
export const PHASES = ["waiting", "switching", "settling", "trial", "going-back", "finished"] as const;
export type Phase = (typeof PHASES)[number];

export const STEPS = [
  "wait", // the grace period
  "check", // opens the new image, checks names, profile, collisions
  "rehearse", // a throw-away unit proves that the new version would mount
  "remember", // writes down the way back
  "arm", // lays it out for PID 1, which takes it when we are gone
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
  "trial", // watches until someone keeps the version, or the time is over
  "way-back", // PID 1 puts the old version back without portabled
  "kill", // { unit } ends what would not stop
  "probe", // { address }  tries a probe of the service until it is judged
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
  /** `unsure`: it told nothing, for or against. */
  readonly outcome: "running" | "done" | "failed" | "unsure";
  readonly message: Message | null;
}

/** One extension image, as it was when a deployment was planned. */
export interface LayerRef {
  /** Text before the first `_` of its file name. */
  readonly stem: string;
  readonly label: string;
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
}

/** What a deployment did to one extension; `null` = it was not there. */
export interface LayerChange {
  readonly stem: string;
  readonly from: string | null;
  readonly to: string | null;
}

export interface VersionRef {
  readonly label: string;
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
  /** Filled in off the path of the click; `null` until then. */
  readonly sha256: string | null;
  /** Extensions on top of it, in portabled's order; left out = none. */
  readonly layers?: readonly LayerRef[];
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
  /** How long the version is on trial, ms; `null` when it stays without being asked for. */
  readonly trialMs: number | null;
  /** What it was begun together with, a ULID. */
  readonly batch: string | null;
  /** End of the trial, while it is on. */
  readonly endsAt: number | null;
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
  | "endsAt"
> & {
  readonly from: string | null;
  readonly to: string | null;
  /** Extensions that got another version; left out = none. */
  readonly layers?: readonly LayerChange[];
};

/** Why a button is greyed out, and why the engine says no. */
export interface Refusal extends Message {
  readonly code:
    | "unknown-service" //       { service }
    | "unknown-version" //       { service, version }
    | "already-current" //       { version }
    | "not-attached" //          { service }
    | "deployment-running" //    { id, by, version }
    | "stale" //                 { expected, actual }
    | "unknown-layer" //         { service, layer }
    | "layer-missing" //         { service, path }  the file of an extension is gone
    | "layer-problem" //         { layer, path, problem } plus the params of the problem: `layer` cannot be put on `path`
    | "layers-alike" //          { layer }  two extensions of one stem: a version would not say which of them is meant
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
    | "no-room" //               { path, what: "space" | "files" }
    | "no-such-unit" //          { unit }
    | "would-not-start" //       { version, unit, problem } plus the params of the problem, by a rehearsal
    | "marked" //                { version, by, reason, id }  somebody has to want it despite its mark
    | "frozen" //                { by, reason, until }  0 = until somebody lifts it
    | "not-marked" //            { version }
    | "not-frozen" //            { service }
    | "reason-missing" //        {}
    | "not-running" //           { service }  nothing that a probe could ask
    | "probe-not-local" //       { address }
    | "probe-address" //         { address }
    | "probe-place" //           { address }
    | "probe-deadline" //        { passes, intervalMs, deadlineMs }
    | "nothing-differs" //       { service }  nothing to adopt or restore
    | "differs-otherwise" //     { service }  it is not the difference any more that the page showed
    | "bytes-gone" //            { path }     the file is not the one that was deployed, and that one is gone
    | "restore-location" //      {}           portabled cannot move an attachment
    | "engine-restarted"; //     {}        the engine ended before anything was changed
}
