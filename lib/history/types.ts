/** How a mark or a freeze ended. */
export interface Lifted {
  readonly by: string;
  /** ms since 1970. */
  readonly at: number;
  /** Empty where a deployment is the reason. */
  readonly reason: string;
  /** The deployment that proved the version after all. */
  readonly deploymentId: string | null;
}

/** A version that is not to be offered again, because it was taken back or somebody said so. */
export interface Mark {
  readonly id: string;
  readonly service: string;
  readonly label: string;
  /** The deployment that took it back; `null` when it was marked by hand. */
  readonly deploymentId: string | null;
  readonly by: string;
  readonly at: number;
  /** Empty where a deployment is the reason. */
  readonly reason: string;
  readonly lifted: Lifted | null;
}

/** A service that nobody may move on, for a reason. */
export interface Freeze {
  readonly id: string;
  readonly service: string;
  readonly by: string;
  readonly at: number;
  readonly reason: string;
  /** When it ends by itself, ms since 1970; `null` = not before somebody ends it. */
  readonly until: number | null;
  readonly lifted: Lifted | null;
}
