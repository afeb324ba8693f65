import type { DeadMan } from "@/lib/deploy/dead-man";
import type { HostGround } from "@/lib/deploy/ground";
import type { Host } from "@/lib/deploy/host";
import type { Intent, Intents } from "@/lib/deploy/intent";
import {
  type Planned,
  planDeployment,
  planDetach,
  planRestart,
  runningRefusal,
  type Wishes,
} from "@/lib/deploy/plan";
import { planRestore } from "@/lib/deploy/plan-restore";
import type { Reserve } from "@/lib/deploy/reserve";
import type { Deployment, Phase } from "@/lib/deploy/types";
import { deployMany } from "@/lib/engine/deploy-many";
import { type Asked, createHolds } from "@/lib/engine/holds";
import { createIds } from "@/lib/engine/ids";
import type { Inspector } from "@/lib/engine/inspector";
import type { Input, MethodName, Reply } from "@/lib/engine/interface";
import { createOrderMethods } from "@/lib/engine/order-methods";
import type { OrderBook } from "@/lib/engine/orders";
import { createOutside, type OutsideOptions } from "@/lib/engine/outside";
import type { Rehearser } from "@/lib/engine/rehearser";
import type { AppError, Message } from "@/lib/errors";

/** Where the record of a deployment goes besides the intent file. */
export interface Journal {
  /** Must not throw: a full or broken database never stops a deployment. */
  save(deployment: Deployment): Promise<void>;
  setReason(id: string, reason: string): Promise<void>;
  /** Off the path of the click: digests of the images that took part. */
  finished(deployment: Deployment): void;
}

export interface EngineOptions {
  readonly host: Host;
  readonly inspector: Pick<Inspector, "request">;
  readonly rehearser: Pick<Rehearser, "request">;
  readonly intents: Intents;
  readonly deadMan: DeadMan;
  readonly reserve: Reserve;
  readonly journal: Journal;
  readonly orders: OrderBook;
  readonly graceMs: number;
  /** The newest id on record. */
  readonly lastId: string | null;
  readonly version: string;
  readonly publish: (deployment: Deployment) => void;
  /** Where what others did is kept and told. */
  readonly outside: Pick<OutsideOptions, "load" | "save" | "noted" | "trace">;
}

export type Methods = { readonly [M in MethodName]: (input: Input<M>) => Promise<Reply<M>> };

/** The engine's side of the door: one lock per service, every method answers at once. */
export function createEngine(options: EngineOptions): {
  methods: Methods;
  recover(intents: readonly Intent[]): Promise<void>;
  /** Begins to notice what others do. `ended`: deployments of an earlier life that may have ended without being noted. */
  follow(ended: readonly Deployment[]): Promise<void>;
  /** How many deployments are under way. */
  open(): number;
  /** Whether one of this service is. */
  holds(service: string): boolean;
} {
  const { host, journal, publish } = options;
  const newId = createIds(options.lastId);
  const outside = createOutside({
    ...options.outside,
    newId,
    paths: host.paths,
    imageRoots: host.imageRoots,
    underWay: () => [...holds.held.values()].map((one) => one.deployment()),
    record(deployment) {
      void journal.save(deployment);
      publish(deployment);
    },
  });

  const holds = createHolds({ ...options, newId, settled: outside.settle, freed: outside.look });
  const { byId } = holds;

  const begin = async (asked: Asked, decide: (ground: HostGround) => Planned): Promise<Reply<"Deploy">> => {
    const claimed = await holds.claim(asked, decide);
    if (!claimed.ok) return { ok: false, error: claimed.why };
    void claimed.begin();
    return { ok: true, value: { id: claimed.id } };
  };

  const methods: Methods = {
    ...createOrderMethods(host, options.orders),
    Deploy: (input) =>
      begin(input, (ground) => planDeployment(ground, input.version, input.expected, wishesOf(input))),
    DeployMany: (input) => deployMany(holds.claim, input, newId(), () => host.systemd.reload()),
    Detach: (input) => begin(input, (ground) => planDetach(ground, input.expected)),
    Restart: (input) => begin(input, (ground) => planRestart(ground, input.unit ?? null)),
    Restore: (input) => begin(input, (ground) => planRestore(ground, outside.drift(input.service))),
    async Adopt({ service, shown, by }) {
      const holder = holds.held.get(service);
      if (holder) return { ok: false, error: runningRefusal(holder.summary()) };
      return outside.adopt(service, shown, by);
    },
    async Inspect({ service, versions }) {
      return { ok: true, value: { queued: await options.inspector.request(service, versions) } };
    },
    async Rehearse({ service, versions }) {
      return { ok: true, value: { queued: await options.rehearser.request(service, versions) } };
    },
    async Cancel({ id, by }) {
      const one = byId(id);
      if (!one) return failed("not-found", { id });
      const { phase, kind } = one.record.current;
      if (phase === "waiting") one.cancel.abort(by);
      else if (kind === "restart" ? phase === "switching" : CAN_GO_BACK.has(phase)) one.back.abort(by);
      else return failed("not-cancellable", { phase });
      return { ok: true, value: { accepted: phase === "waiting" ? "cancelled" : "going-back" } };
    },
    async Keep({ id, by }) {
      const one = byId(id);
      if (!one) return failed("not-found", { id });
      if (one.record.current.phase !== "trial") return failed("not-on-trial", {});
      one.keep.abort(by);
      return { ok: true, value: {} };
    },
    async SetReason({ id, reason }) {
      const one = byId(id);
      if (one) one.record.update({ reason });
      else await journal.setReason(id, reason);
      return { ok: true, value: {} };
    },
    async Running() {
      return {
        ok: true,
        value: {
          // One that is still being planned may yet be refused, and then nobody would hear of it again.
          deployments: [...holds.held.values()]
            .map((one) => one.deployment())
            .filter(({ from, to }) => from || to),
          version: options.version,
        },
      };
    },
  };

  return {
    methods,
    open: () => holds.held.size,
    holds: (service) => holds.held.has(service),
    follow: outside.start,
    recover: holds.recover,
  };
}

function wishesOf({ layers, despiteMark = false }: Input<"Deploy">): Wishes {
  return { despiteMark, ...(layers ? { layers } : {}) };
}

const CAN_GO_BACK: ReadonlySet<Phase> = new Set(["switching", "settling", "trial"]);

function failed(
  code: AppError["code"] | "not-cancellable" | "not-on-trial",
  params: Message["params"],
): { ok: false; error: Message } {
  return { ok: false, error: { code, params } };
}
