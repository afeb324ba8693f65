import type { Message } from "@/lib/errors";

/** What tells whether a file still holds the bytes that were looked at. `mtimeMs` is in milliseconds since 1970. */
export interface FileStamp {
  readonly dev: number;
  readonly ino: number;
  readonly size: number;
  readonly mtimeMs: number;
}

/** What an image says of itself, read by portabled through the engine. Every string is hostile text. */
export interface ImageFacts {
  /** Parsed os-release, e.g. `{ ID: "demo", VERSION_ID: "1.3.0" }`. */
  readonly osRelease: Readonly<Record<string, string>>;
  /** `PORTABLE_PREFIXES` split at white space; empty when the image declares none. */
  readonly prefixes: readonly string[];
  /** Names of the units that match the service's prefixes, sorted. */
  readonly units: readonly string[];
}

/** The result of opening an image once; valid while the file's stamp stays the same. `at` is in ms since 1970. */
export type Inspection = { readonly path: string; readonly stamp: FileStamp; readonly at: number } & (
  | { readonly ok: true; readonly facts: ImageFacts }
  | { readonly ok: false; readonly problem: Message }
);

/**
 * Whether a version would get as far as running its program, found out by
 * starting a throw-away unit with its image, paths and sandbox and no program.
 * `unchecked`: nothing is known, for this reason. `key` stands for all that was
 * used beside the image: units, profile, drop-ins of the host, extensions. `at`
 * is in ms since 1970.
 */
export type Rehearsal = {
  readonly path: string;
  readonly stamp: FileStamp;
  readonly key: string;
  readonly at: number;
} & RehearsalVerdict;

export type RehearsalVerdict =
  | { readonly verdict: "mounts" }
  | { readonly verdict: "would-not-start"; readonly problem: Message }
  | { readonly verdict: "unchecked"; readonly problem: Message };

/** One version of one service on disk. */
export interface ImageVersion {
  /** Text before the first `_` (or `+`) of the file name: what portabled matches on. */
  readonly service: string;
  /** Text after the first `_`, without `.raw`; `""` when the name has none. */
  readonly label: string;
  /** Absolute path of the file as found (never one of portabled's own links). */
  readonly path: string;
  readonly kind: "raw" | "directory";
  readonly stamp: FileStamp;
  /** Permission bits, e.g. 0o444. */
  readonly mode: number;
  /** Those of the directory it lies in: who may write there may replace the file. Left out where nobody looked. */
  readonly directoryMode?: number;
  readonly owner: {
    readonly uid: number;
    readonly gid: number;
    readonly user: string | null;
    readonly group: string | null;
  };
  /** `null` until the engine has looked inside. */
  readonly inspection: Inspection | null;
  /** The last rehearsal of these bytes; `null` until there was one. */
  readonly rehearsal: Rehearsal | null;
}

/** Something on disk that deserves a plain sentence: never dropped silently, never breaking the rest. */
export interface Finding extends Message {
  readonly code:
    | "name-not-parsed" //     { path }
    | "not-readable" //        { path, reason }
    | "not-an-image" //        { path }          neither directory nor *.raw
    | "image-incomplete" //    { path }          a directory named like an image, without os-release (so far)
    | "stem-shared" //         { service, paths } T5: `my_app_1` and `my_db_1` are both "my" to portabled
    | "stem-prefixes" //       { service, other } T4: `foo` and `foobar` collide on systemd <= 255
    | "in-portables-link-dir" // { path }         T8: detach deletes what lies in /etc/portables or /run/portables
    | "duplicate-version" //   { service, version, paths }
    | "image-missing" //       { service, path }  attached, but the file is gone
    | "layer-missing" //       { service, path }  attached as an extension, but the file is gone
    | "root-missing" //        { path }           a configured image root that does not exist
    | "attached-not-read"; //  { path, reason }   a drop-in of portabled that cannot be understood
}
