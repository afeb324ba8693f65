import type { Verdict } from "./trial";
import type { World } from "./world";

/** A named case. */
export interface Case {
  readonly name: string;
  /** `null` where it cannot be done; then `skipped` says why. */
  readonly run: ((world: World) => Promise<Verdict>) | null;
  readonly skipped?: string;
  /** Belongs to the quick part. */
  readonly quick?: boolean;
}
