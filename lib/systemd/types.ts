import type { Message } from "@/lib/errors";

/** Where portabled's files lie; a value, so that a test may point it at a temporary tree. */
export interface HostPaths {
  /** `system.attached` for images attached persistently (`/etc/systemd/…`) and until reboot (`/run/systemd/…`). */
  readonly attached: { readonly persistent: string; readonly runtime: string };
  /** portabled's search path, first hit wins. */
  readonly portables: readonly string[];
  /** Where plain enable links lie, e.g. `/etc/systemd/system`, `/run/systemd/system`. */
  readonly unitLinks: { readonly persistent: string; readonly runtime: string };
}

export type Location = "persistent" | "runtime";

/** One line of the change list of portabled. */
export interface Change {
  readonly type: "mkdir" | "write" | "symlink" | "copy" | "unlink";
  readonly path: string;
  readonly source: string;
}

/** An image opened by portabled: raw texts, hostile. */
export interface ImageMetadata {
  readonly osRelease: string;
  readonly units: Readonly<Record<string, string>>;
  /** extension-release of each extension, by path; left out where none was opened. */
  readonly extensionReleases?: Readonly<Record<string, string>>;
}

/** Extension images on top of another image. */
export interface Layering {
  /** Absolute paths, in portabled's order: it finds an attachment again only by the same ones in the same order. */
  readonly extensions: readonly string[];
  /** Their extension-release file may bear any name (FORCE_EXTENSION). Whether they fit is checked all the same. */
  readonly isRelaxed: boolean;
}

export interface AttachOptions {
  /** Unit prefixes; never empty here (an empty list would take every unit of the image). */
  readonly matches: readonly string[];
  readonly profile: string;
  readonly location: Location;
  /** Left out = no extensions. */
  readonly layering?: Layering;
  /** Overwrites left-over files and skips the "exists / is active" checks: the only way back after a half-done reattach. */
  readonly force?: boolean;
}

/** One unit as PID 1 sees it now. Times are in ms since 1970, `null` where systemd has none. */
export interface UnitState {
  readonly name: string;
  readonly load: string;
  readonly active: string;
  readonly sub: string;
}

export interface UnitStatus extends UnitState {
  readonly description: string;
  readonly fileState: string;
  readonly fragmentPath: string;
  readonly dropInPaths: readonly string[];
  readonly needReload: boolean;
  readonly conditionResult: boolean;
  readonly invocationId: string;
  readonly since: number | null;
  readonly triggeredBy: readonly string[];
  readonly triggers: readonly string[];
  /** `null` for units that are not services. */
  readonly service: ServiceStatus | null;
}

export interface ServiceStatus {
  readonly type: string;
  readonly result: string;
  readonly restarts: number;
  readonly mainPid: number;
  readonly startedAt: number | null;
  readonly exitCode: number;
  readonly exitStatus: number;
  readonly rootImage: string;
  /** Longest time PID 1 lets it take, ms; `null` = no limit. */
  readonly timeoutStartMs: number | null;
  readonly timeoutStopMs: number | null;
  readonly bindPaths: readonly BindPath[];
  readonly stateDirectories: readonly string[];
  readonly cacheDirectories: readonly string[];
  readonly logsDirectories: readonly string[];
  readonly runtimeDirectories: readonly string[];
  readonly configurationDirectories: readonly string[];
  readonly dynamicUser: boolean;
  readonly user: string;
  readonly group: string;
  /** `EnvironmentFile=`, read on the host. */
  readonly environmentFiles: readonly { readonly path: string; readonly optional: boolean }[];
}

/** `BindPaths=` / `BindReadOnlyPaths=` as PID 1 holds them. */
export interface BindPath {
  readonly source: string;
  readonly destination: string;
  readonly writable: boolean;
  /** With a `-` prefix: no error when the source is missing. */
  readonly optional: boolean;
  readonly recursive: boolean;
}

export type JobVerb = "start" | "stop" | "restart";
/** `done` and `skipped` are successes; everything else is a failure (org.freedesktop.systemd1, JobRemoved). */
export type JobResult =
  | "done"
  | "skipped"
  | "canceled"
  | "timeout"
  | "failed"
  | "dependency"
  | "invalid"
  | "assert"
  | "unsupported"
  | "collected"
  | "once"
  | "frozen";

export interface JournalLine {
  /** ms since 1970. */
  readonly at: number;
  /** syslog priority 0 (emergency) … 7 (debug). */
  readonly priority: number;
  readonly unit: string;
  /** Hostile text, capped at 4 KiB. */
  readonly text: string;
}

/**
 * Everything the engine asks of PID 1, portabled and the journal: the
 * outermost seam, the one thing that a unit test replaces.
 *
 * Every method throws `AppError`: `bus-unreachable` (no connection, or it was
 * lost before the reply: the outcome is unknown, re-read the host),
 * `timed-out`, `bus-denied`, `portabled-missing`, `portabled-masked`, or
 * `call-failed` with `{ name, text }` of the D-Bus error.
 */
export interface Systemd {
  /** `systemd1.Manager.Version`, e.g. "257.13-1~deb13u1". */
  version(): Promise<string>;
  profiles(): Promise<readonly string[]>;

  /**
   * Empty `matches`: every unit; harmless for reading, never for attaching.
   * With `layering` image and extensions are opened together, which does not
   * tell whether they fit: portabled compares them only when it attaches.
   */
  getImageMetadata(path: string, matches: readonly string[], layering?: Layering): Promise<ImageMetadata>;
  attachImage(path: string, options: AttachOptions): Promise<readonly Change[]>;
  /** Not atomic on any version (T1): after any error re-read what is attached. */
  reattachImage(
    path: string,
    options: AttachOptions,
  ): Promise<{ readonly removed: readonly Change[]; readonly updated: readonly Change[] }>;
  /** Names and order of `extensions` count, their versions do not. */
  detachImage(path: string, location: Location, extensions?: readonly string[]): Promise<readonly Change[]>;

  reload(): Promise<void>;
  enableUnits(units: readonly string[], location: Location): Promise<void>;
  disableUnits(units: readonly string[], location: Location): Promise<void>;
  resetFailed(unit: string): Promise<void>;
  /**
   * Keeps a unit in memory after it has ended, until it is released or this
   * process loses its connection: else PID 1 forgets what became of it at once.
   */
  holdUnit(unit: string): Promise<void>;
  releaseUnit(unit: string): Promise<void>;

  /** States of the named units in one call; a unit that does not exist comes back with load "not-found". */
  unitStates(names: readonly string[]): Promise<readonly UnitState[]>;
  unitStatus(name: string): Promise<UnitStatus>;
  /** Loaded instances of a template, e.g. "worker@" → worker@1.service; patterns as in systemd1.ListUnitsByPatterns. */
  unitsByPatterns(patterns: readonly string[]): Promise<readonly UnitState[]>;
  /** Queues a job (mode "replace") and waits for its result, watching JobRemoved from before the call. */
  runJob(verb: JobVerb, unit: string, options?: { signal?: AbortSignal }): Promise<JobResult>;

  /** SIGKILL to every process of a unit, also to its `ExecStop=`. */
  killUnit(unit: string): Promise<void>;

  /** Has PID 1 start `x.service` once, `afterMs` from now on its monotonic clock, whatever becomes of us; `name` is `x.timer`. Throws `read-only` where one of `writable` is so to PID 1. */
  startTimer(name: string, afterMs: number, writable?: readonly string[]): Promise<void>;
  /** Calls such a timer off; one that is not there is no error. */
  stopTimer(name: string): Promise<void>;

  /** The newest journal lines of a unit, oldest first. With an invocation id only of that run. */
  journal(query: { unit: string; invocationId?: string; lines: number }): Promise<readonly JournalLine[]>;
}

/** What a supervised connection tells about itself. */
export type LinkState = {
  readonly state: "up" | "connecting" | "down" /** ms since 1970 */;
  readonly since: number;
  readonly problem: Message | null;
};
