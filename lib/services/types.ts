import type { DeploymentSummary, Refusal } from "@/lib/deploy/types";
import type { Drift } from "@/lib/drift/types";
import type { Message } from "@/lib/errors";
import type { Freeze, Mark } from "@/lib/history/types";
import type { Finding, ImageVersion } from "@/lib/images/types";
import type { BindPath, LinkState, Location, UnitStatus } from "@/lib/systemd/types";

/** One image that portabled has attached, read from its drop-ins (never from ListImages, which is wrong across versions). */
export interface Attachment {
  readonly service: string;
  /** Real path as written in the marker line of `20-portable.conf`. */
  readonly path: string;
  /** Paths of extension images, in portabled's order. */
  readonly extensions: readonly string[];
  /**
   * Attached so that its extension-release files may bear any name. Read from the drop-in of a unit that sees the
   * extensions, which up to systemd 257 are only units that come from one: without such a unit it cannot be known.
   */
  readonly isRelaxed?: boolean;
  /** Name of the profile, from the target of `10-profile.conf`; `null` when there is none. */
  readonly profile: string | null;
  readonly location: Location;
  /** Unit file names, sorted. */
  readonly units: readonly string[];
  /** When the drop-ins were written, ms since 1970. */
  readonly attachedAt: number;
}

export const SERVICE_STATES = [
  "failed",
  "starting",
  "stopping",
  "running",
  "waiting",
  "stopped",
  "detached",
  "unknown",
] as const;
/** `waiting`: nothing runs, but a socket, timer or path unit is active and will start it. */
export type ServiceState = (typeof SERVICE_STATES)[number];

export interface UnitRow {
  readonly name: string;
  readonly load: string;
  readonly active: string;
  readonly sub: string;
  /** Start at boot: whether an enable link exists (either style, see portabled.md T12). */
  readonly enabled: boolean;
  /** ms since 1970; `null` = unknown. */
  readonly since: number | null;
}

/** One extension image of an attachment, and the files that could take its place. */
export interface Layer {
  /** Text before the first `_` of the file name: what portabled matches on. */
  readonly stem: string;
  readonly label: string;
  readonly path: string;
  /** `.raw` files of the stem beside it and below the image roots, newest first; itself too while its file is there. */
  readonly versions: readonly ImageVersion[];
}

/** A version that a button offers, and why this one. */
export interface Target {
  readonly version: ImageVersion;
  readonly why:
    | "newest" //        upgrade: the newest that was inspected, no pre-release, not failed here
    | "history" //       rollback: ran before, by our record
    | "journal" //       rollback: ran before, by the journal's PORTABLE=
    | "next-lower"; //   rollback: nothing is known, the next lower one
}

export interface Service {
  readonly name: string;
  readonly state: ServiceState;
  readonly attachment: Attachment | null;
  /** The version that is attached; `null` when detached or its file is gone. */
  readonly current: ImageVersion | null;
  /** Label of the attached image even when its file is gone. */
  readonly currentLabel: string | null;
  /** Newest first (UAPI.10 order, ties by file name). */
  readonly versions: readonly ImageVersion[];
  /** What is attached on top of the image, in portabled's order; empty for nearly every service. */
  readonly layers: readonly Layer[];
  readonly units: readonly UnitRow[];
  readonly enabled: boolean;
  /** Since when the main unit is in its state, ms since 1970. */
  readonly since: number | null;
  readonly findings: readonly Finding[];
  /** How it differs from what was deployed; `null` = it does not, or nobody knows. */
  readonly drift: Drift | null;
  readonly upgrade: Target | null;
  readonly rollback: Target | null;
  /** Why no version can be switched to at all (a deployment under way, a shared name, …); `null` = free. */
  readonly blocked: Refusal | null;
  readonly running: DeploymentSummary | null;
  readonly last: DeploymentSummary | null;
  /** Versions that are not offered, until their mark is lifted. */
  readonly marks: readonly Mark[];
  /** Why nobody may move it on now. */
  readonly freeze: Freeze | null;
}

export interface HostFacts {
  /** Static host name, shown in header and title. */
  readonly name: string;
  readonly systemdVersion: string | null;
  /** Every directory that was searched for images, existing or not. */
  readonly searched: readonly string[];
}

/** One consistent picture of the host. Old facts stay, labelled by `seenAt`. */
export interface Snapshot {
  /** Grows with each change; comparable within `epoch`, which is new with each web server. */
  readonly epoch: string;
  readonly revision: number;
  readonly seenAt: number;
  readonly host: HostFacts;
  readonly bus: LinkState;
  readonly engine: LinkState;
  /** Missing parts of the host, each with the command that adds it. */
  readonly missing: readonly Message[];
  /** Failed first, then by name. */
  readonly services: readonly Service[];
  /** Findings that belong to no service. */
  readonly findings: readonly Finding[];
}

/** Where a bind path comes from. */
export interface BindPathRow extends BindPath {
  /** `directory`: implied by StateDirectory= and its kin. */
  readonly setBy: "image" | "profile" | "host" | "directory" | "unknown";
  /** The file that sets it, or the directive for `directory`. */
  readonly file: string;
  readonly unit: string;
  /** Whether the source exists on the host; `null` = not looked at. */
  readonly exists: boolean | null;
}

/** What only the page of one service needs; read on demand, kept until the next reload. */
export interface ServiceDetails {
  readonly units: readonly UnitStatus[];
  readonly bindPaths: readonly BindPathRow[];
}
