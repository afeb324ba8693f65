import type { DeploymentSummary } from "@/lib/deploy/types";
import type { Drift } from "@/lib/drift/types";
import type { Freeze, Mark } from "@/lib/history/types";
import type { FileStamp, Inspection, Rehearsal } from "@/lib/images/types";
import type { Service, ServiceDetails, Snapshot } from "@/lib/services/types";
import type { HostPaths, LinkState, Systemd } from "@/lib/systemd/types";
import type { UnitWatcher } from "@/lib/systemd/watch";

/** What was found out about images, kept by someone else (on a host: in the database, by the engine). */
export interface ImageSource<T> {
  /** The result for exactly these bytes, else `null`. */
  get(path: string, stamp: FileStamp): T | null;
  /** Asks for versions to be looked at soon. Called only while the engine is there, for a few services at a time. */
  request(service: string, labels: readonly string[]): void;
  /** Tells of a service of which more is known now. */
  onChange(listener: (service: string) => void): () => void;
}

/** What was found in images when they were opened. */
export type InspectionSource = ImageSource<Inspection>;
/** What rehearsals of versions proved. */
export type RehearsalSource = ImageSource<Rehearsal>;

/** What was done to services, and what is being done. */
export interface DeploymentSource {
  running(service: string): DeploymentSummary | null;
  /** The last one that ended. */
  last(service: string): DeploymentSummary | null;
  /** Marks that stand. */
  marks(service: string): readonly Mark[];
  /** The freeze that is on now. */
  freeze(service: string): Freeze | null;
  /** What others changed of it. */
  drift(service: string): Drift | null;
  /** Labels that ran here, newest first. */
  ranBefore(service: string): readonly string[];
  /** `null`: any service may have changed. */
  onChange(listener: (service: string | null) => void): () => void;
}

/** A connection whose state is shown. */
export interface Link {
  readonly link: LinkState;
  onLink(listener: () => void): () => void;
}

export interface ModelOptions {
  readonly bus: Link;
  readonly engine: Link;
  readonly systemd: Pick<Systemd, "version" | "unitStates" | "unitsByPatterns" | "unitStatus">;
  /** Begins to follow PID 1; returns what ends it. */
  readonly watchUnits: (watcher: UnitWatcher) => () => void;
  /** Which image files each unit was started from, newest first (the journal's `PORTABLE=`); only a hint for rollbacks. */
  readonly startsByPortable?: () => Promise<ReadonlyMap<string, readonly string[]>>;
  readonly paths: HostPaths;
  /** Image roots as configured, e.g. `/srv/*`. */
  readonly roots: readonly string[];
  readonly hostName: string;
  readonly inspections: InspectionSource;
  readonly rehearsals: RehearsalSource;
  readonly deployments: DeploymentSource;
}

export interface ModelChange {
  readonly revision: number;
  readonly changed: readonly Service[];
  /** Names of services that are no more. */
  readonly removed: readonly string[];
  /** Something beside the services changed: links, what is missing, findings, facts of the host. */
  readonly hostChanged: boolean;
}

/** The live picture of one host. */
export interface Model {
  /** Resolves when there is a first picture, even if the bus is away. */
  start(): Promise<void>;
  snapshot(): Snapshot;
  service(name: string): Service | undefined;
  /** Throws `not-found` { service }, or what `Systemd.unitStatus` throws where nothing older is known. */
  details(name: string): Promise<ServiceDetails>;
  onChange(listener: (change: ModelChange) => void): () => void;
  close(): void;
}
