import type { Health } from "@/lib/health/types";
import type { Freeze, Mark } from "@/lib/history/types";
import type { ImageVersion, Inspection, Rehearsal } from "@/lib/images/types";
import type { Part } from "@/lib/rehearsal/scene";
import type { Attachment } from "@/lib/services/types";
import type { HostPaths, Systemd } from "@/lib/systemd/types";

/** What people have laid down for the services of a host. */
export interface Orders {
  /** What a version has to show before it counts as healthy. */
  healthOf(service: string): Health;
  /** Marks that stand. */
  marksOf(service: string): readonly Mark[];
  /** The freeze that is on now. */
  freezeOf(service: string): Freeze | null;
}

/** One host to deploy on: a value that is passed in, never a global. */
export interface Host {
  readonly systemd: Systemd;
  readonly paths: HostPaths;
  readonly imageRoots: readonly string[];
  /** Where our own files lie. */
  readonly stateDir: string;
  readonly orders: Orders;
  /** Opens an image, or answers from the cache while its stamp is the same. */
  inspect(version: ImageVersion): Promise<Inspection>;
  /** The cached result for these bytes, if any; never opens an image. */
  inspected(version: ImageVersion): Inspection | null;
  /** Proves whether a version would mount as a part of it would be attached, or believes a recent proof. */
  rehearse(version: ImageVersion, part: Part, attachment: Attachment | null): Promise<Rehearsal>;
  /**
   * Rehearses a version that has yet to be opened as if `texts` were its unit files, those of `part`; where they turn
   * out to be, `rehearse` believes the proof. Resolves when it is over, and never rejects.
   */
  rehearseAhead(
    version: ImageVersion,
    part: Part,
    attachment: Attachment,
    texts: Readonly<Record<string, string>>,
  ): Promise<void>;
  /** What the last rehearsal of these bytes found out, if any; never holds one. */
  rehearsed(version: ImageVersion): Rehearsal | null;
  /**
   * Runs one piece of work at a time: portabled's call and the comparison of
   * other services' files belong together, and another deployment's call in
   * between would look like damage.
   */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
}

/** A queue of one, for `Host.exclusive`. */
export function createExclusive(): Host["exclusive"] {
  let tail: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = tail.then(work);
    tail = turn.catch(() => undefined);
    return turn;
  };
}
