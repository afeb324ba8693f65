import { hostname } from "node:os";
import type { Database } from "@/lib/db";
import { summarise } from "@/lib/deploy/summary";
import type { Deployment } from "@/lib/deploy/types";
import { createEngineClient, type EngineClient } from "@/lib/engine/client";
import { HOST_PATHS, readEnv } from "@/lib/env";
import { AppError } from "@/lib/errors";
import { type HealthOnRecord, healthOnRecord } from "@/lib/history/health";
import { listFreezes, listMarks } from "@/lib/history/marks";
import {
  type DeploymentFilter,
  type DeploymentPage,
  getDeployment,
  listDeployments,
} from "@/lib/history/queries";
import type { Freeze, Mark } from "@/lib/history/types";
import type { VersionFacts } from "@/lib/history/version-facts";
import { imageSource } from "@/lib/live/image-source";
import { createPast } from "@/lib/live/past";
import { createThaw } from "@/lib/live/thaw";
import { createModel } from "@/lib/services/model";
import type { Model } from "@/lib/services/sources";
import type { Service } from "@/lib/services/types";
import { createBus } from "@/lib/systemd/bus";
import { startsByPortable } from "@/lib/systemd/journal";
import { createSystemd } from "@/lib/systemd/systemd";
import type { LinkState } from "@/lib/systemd/types";
import { watchUnits } from "@/lib/systemd/watch";

export type LiveEvent =
  | {
      readonly type: "services";
      readonly epoch: string;
      readonly revision: number;
      readonly changed: readonly Service[];
      readonly removed: readonly string[];
      /** Findings, links or what is missing changed, beside any service. */
      readonly hostChanged: boolean;
    }
  | { readonly type: "deployment"; readonly deployment: Deployment }
  /** What is laid down for a service has changed, which its row may not show. */
  | { readonly type: "orders"; readonly service: string }
  | { readonly type: "status"; readonly bus: LinkState; readonly engine: LinkState; readonly seenAt: number };

/** Everything that the web server knows and follows, and its way to ask for changes. */
export interface Live extends Pick<Model, "snapshot" | "service" | "details"> {
  start(): void;
  /** Resolves when there is a first picture of the host. */
  readonly ready: Promise<void>;
  readonly engine: EngineClient["call"];
  /** Under way: as the engine told last; else from the record. Throws `AppError("database")`. */
  deployment(id: string): Promise<Deployment | null>;
  /** Throws `AppError("database")`. */
  history(filter: DeploymentFilter): Promise<DeploymentPage>;
  /** What is laid down for a service, marks and freezes of old included. Throws `AppError("database")`. */
  orders(service: string): Promise<OrdersOnRecord>;
  /** What became of the versions of a service. Throws `AppError("database")`. */
  versionFacts(service: string): Promise<VersionFacts>;
  on(listener: (event: LiveEvent) => void): () => void;
  /** Ends every open stream, once. */
  onClose(listener: () => void): () => void;
  close(): void;
}

export interface OrdersOnRecord {
  /** `null` where the host's default holds. */
  readonly health: HealthOnRecord | null;
  readonly marks: readonly Mark[];
  readonly freezes: readonly Freeze[];
}

const KEY = Symbol.for("attache.live");
/** How often a missing database is looked for, ms. */
const DATABASE_RETRY_MS = 3000;
/** How often the record is asked for the end of a deployment, ms. */
const RECORD_MS = 100;
const RECORD_TRIES = 100;

/** The one `Live` of this process: Next evaluates a module up to three times. Made at first use, started by `start-up`. */
export function live(): Live {
  const scope = globalThis as { [KEY]?: Live };
  scope[KEY] ??= createLive();
  return scope[KEY];
}

function createLive(): Live {
  const env = readEnv();
  const bus = createBus({ address: env.busAddress });
  const engine = createEngineClient(bus);
  const past = createPast(env.databaseFile);
  const justEnded = new Map<string, Deployment>();
  const listeners = new Set<(event: LiveEvent) => void>();
  const closing = new Set<() => void>();
  const pastListeners = new Set<(service: string | null) => void>();
  let retry: NodeJS.Timeout | undefined;
  let begin: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });

  const model = createModel({
    bus,
    engine,
    systemd: createSystemd(bus),
    watchUnits: (watcher) => watchUnits(bus, watcher),
    startsByPortable,
    paths: HOST_PATHS,
    roots: env.imageRoots,
    hostName: hostname(),
    inspections: imageSource(
      past.inspections,
      (service, versions) => engine.call("Inspect", { service, versions: [...versions] }),
      (listener) => engine.on("Inspected", ({ service, inspections }) => listener(service, inspections)),
    ),
    rehearsals: imageSource(
      past.rehearsals,
      (service, versions) => engine.call("Rehearse", { service, versions: [...versions] }),
      (listener) => engine.on("Rehearsed", ({ service, rehearsals }) => listener(service, rehearsals)),
    ),
    deployments: {
      running(service) {
        const deployment = engine.running.get(service);
        return deployment ? summarise(deployment) : null;
      },
      last: past.last,
      drift: past.drift,
      marks: past.marks,
      freeze: past.freeze,
      ranBefore: past.ranBefore,
      onChange(listener) {
        pastListeners.add(listener);
        return () => pastListeners.delete(listener);
      },
    },
  });

  const tell = (event: LiveEvent) => {
    for (const listener of listeners) listener(event);
  };
  const tellStatus = () =>
    tell({ type: "status", bus: bus.link, engine: engine.link, seenAt: model.snapshot().seenAt });
  const tellPast = (service: string | null) => {
    for (const listener of pastListeners) listener(service);
  };
  const thaw = createThaw(past.nextThaw, () => tellPast(null));
  /** The engine makes the database at its first start, which may be after ours. */
  const readPast = () => {
    clearTimeout(retry);
    if (past.refresh()) {
      thaw.follow();
      tellPast(null);
    } else retry = setTimeout(readPast, DATABASE_RETRY_MS).unref();
  };

  /** The engine tells the end a moment before it is on record. */
  const awaitRecord = (id: string, service: string, triesLeft = RECORD_TRIES) => {
    if (isOnRecord(past.database, id) && past.refreshService(service)) {
      justEnded.delete(id);
      tellPast(service);
    } else if (triesLeft > 0) setTimeout(() => awaitRecord(id, service, triesLeft - 1), RECORD_MS).unref();
  };

  return {
    ready: begun.then(() => model.start()),
    engine: engine.call,
    snapshot: model.snapshot,
    service: model.service,
    details: model.details,
    deployment: async (id) =>
      [...engine.running.values()].find((one) => one.id === id) ??
      justEnded.get(id) ??
      getDeployment(past.database, id),
    history: async (filter) => listDeployments(past.database, filter),
    orders: async (service) => ({
      health: healthOnRecord(past.database, service),
      marks: listMarks(past.database, service),
      freezes: listFreezes(past.database, service),
    }),
    versionFacts: async (service) => past.versionFacts(service),
    on(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onClose(listener) {
      closing.add(listener);
      return () => closing.delete(listener);
    },
    start() {
      bus.start();
      engine.start();
      readPast();
      model.onChange(({ revision, changed, removed, hostChanged }) =>
        tell({ type: "services", epoch: model.snapshot().epoch, revision, changed, removed, hostChanged }),
      );
      engine.on("DeploymentChanged", (deployment) => {
        const { id, service, phase } = deployment;
        if (phase === "finished") {
          justEnded.set(id, deployment);
          past.learn(summarise(deployment));
          awaitRecord(id, service);
        }
        tellPast(service);
        tell({ type: "deployment", deployment });
      });
      engine.on("Noted", ({ service }) => {
        if (!past.refreshService(service)) return;
        thaw.follow();
        tellPast(service);
        tell({ type: "orders", service });
      });
      engine.onLink(() => {
        if (engine.link.state === "up") readPast();
        tellStatus();
      });
      bus.onLink(tellStatus);
      begin();
    },
    close() {
      for (const listener of closing) listener();
      clearTimeout(retry);
      thaw.close();
      model.close();
      engine.close();
      bus.close();
    },
  };
}

/** Whether the record has come as far as the end of a deployment. */
function isOnRecord(database: Database, id: string): boolean {
  try {
    return getDeployment(database, id)?.phase === "finished";
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}
