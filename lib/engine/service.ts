import { createBatch, type Turn } from "@/lib/deploy/batch";
import type { DeadMan } from "@/lib/deploy/dead-man";
import { type HostGround, readGround } from "@/lib/deploy/ground";
import type { Host } from "@/lib/deploy/host";
import type { Intent, Intents } from "@/lib/deploy/intent";
import {
  type Plan,
  type Planned,
  planDeployment,
  planDetach,
  planRestart,
  type Wishes,
} from "@/lib/deploy/plan";
import { planRestore } from "@/lib/deploy/plan-restore";
import { createRecord, type Record } from "@/lib/deploy/record";
import { recoverDeployment } from "@/lib/deploy/recover";
import type { Reserve } from "@/lib/deploy/reserve";
import { type Run, runDeployment } from "@/lib/deploy/run";
import { summarise } from "@/lib/deploy/summary";
import type { Deployment, DeploymentSummary, Outcome, Phase, Refusal } from "@/lib/deploy/types";
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

/** A service that is being changed; the lock and the name of its holder in one. */
interface Held {
  readonly summary: () => DeploymentSummary;
  readonly deployment: () => Deployment;
  readonly cancel: AbortController;
  readonly back: AbortController;
  readonly keep: AbortController;
  readonly record: Record;
}

/** The engine's side of the door: one lock per service, every method answers at once. */
export function createEngine(options: EngineOptions): {
  methods: Methods;
  recover(intents: readonly Intent[]): Promise<void>;
  /** Begins to notice what others do. `ended`: deployments of an earlier life that may have ended without being noted. */
  follow(ended: readonly Deployment[]): Promise<void>;
  /** How many deployments are under way. */
  open(): number;
} {
  const { host, intents, journal, publish } = options;
  const held = new Map<string, Held>();
  const newId = createIds(options.lastId);
  const outside = createOutside({
    ...options.outside,
    newId,
    paths: host.paths,
    imageRoots: host.imageRoots,
    underWay: () => [...held.values()].map((one) => one.deployment()),
    record(deployment) {
      void journal.save(deployment);
      publish(deployment);
    },
  });

  const hold = (initial: Deployment): Held => {
    const record = createRecord(initial, (deployment) => {
      publish(deployment);
      void journal.save(deployment);
    });
    const one: Held = {
      record,
      deployment: () => record.current,
      summary: () => summarise(record.current),
      cancel: new AbortController(),
      back: new AbortController(),
      keep: new AbortController(),
    };
    held.set(initial.service, one);
    return one;
  };
  const runOf = (one: Held, plan: Plan): Run => ({
    host,
    record: one.record,
    intents,
    deadMan: options.deadMan,
    reserve: options.reserve,
    plan,
    cancel: one.cancel.signal,
    back: one.back.signal,
    keep: one.keep.signal,
    turn: null,
  });
  const release = async (one: Held) => {
    const last = one.record.current;
    options.orders.learn(last);
    await journal.save(last);
    await outside.settle(last);
    await options.deadMan
      .forget(last.id)
      .then(() => intents.remove(last.service))
      .catch((error: unknown) => console.error("an intent stays behind:", error));
    held.delete(last.service);
    journal.finished(last);
    await options.reserve.fill().catch(() => undefined); // the disk is full: it is filled when it is not
  };

  /** Takes the lock before the first await, so that two clicks cannot both pass; gives it back when it refuses. */
  const claim = async (asked: Asked, decide: (ground: HostGround) => Planned): Promise<Claim> => {
    const holder = held.get(asked.service);
    // Whatever the host looks like: so it is not looked at for each of many who ask at once.
    if (holder) return { ok: false, why: busyRefusal(holder.summary()) };
    const id = newId();
    const graceMs = asked.graceMs ?? options.graceMs;
    const one = hold(blank(id, asked, graceMs));
    const ground = await readGround(host, asked.service, null).catch((error: unknown) => {
      held.delete(asked.service);
      throw error;
    });
    const planned: Planned =
      ground.versions.length === 0 && !ground.attachment
        ? { ok: false, refusal: { code: "unknown-service", params: { service: asked.service } } }
        : decide(ground);
    if (!planned.ok) {
      held.delete(asked.service);
      return { ok: false, why: planned.refusal };
    }
    const { kind, from, to, attachment } = planned.plan;
    one.record.update({
      kind,
      from,
      to,
      profile: planned.plan.profile ?? attachment?.profile ?? null,
      location: attachment?.location ?? "persistent",
    });
    return {
      ok: true,
      id,
      begin(turn = null) {
        void runDeployment({ ...runOf(one, planned.plan), turn }, ground, graceMs).then(() => {
          turn?.end(GOOD_ENDS.has(one.record.current.outcome ?? "needs-person"));
          return release(one);
        });
      },
      drop: () => held.delete(asked.service),
    };
  };
  const begin = async (asked: Asked, decide: (ground: HostGround) => Planned): Promise<Reply<"Deploy">> => {
    const claimed = await claim(asked, decide);
    if (!claimed.ok) return { ok: false, error: claimed.why };
    claimed.begin();
    return { ok: true, value: { id: claimed.id } };
  };

  const methods: Methods = {
    ...createOrderMethods(host, options.orders),
    Deploy: (input) =>
      begin(input, (ground) => planDeployment(ground, input.version, input.expected, wishesOf(input))),
    async DeployMany({ targets, stopAtFailure, ...asked }) {
      const batch = newId();
      const claims = await Promise.all(
        targets.map(async ({ service, version, expected }) => {
          const decide = (ground: HostGround) => planDeployment(ground, version, expected);
          return { service, claim: await claim({ ...asked, service, batch }, decide) };
        }),
      );
      const refused = claims.flatMap(({ service, claim }) => (claim.ok ? [] : [{ service, why: claim.why }]));
      const good = claims.flatMap(({ service, claim }) => (claim.ok ? [{ service, claim }] : []));
      if (stopAtFailure && refused.length > 0) {
        for (const { claim } of good) claim.drop();
        return { ok: true, value: { batch, begun: [], refused } };
      }
      const turns = createBatch(
        good.map(({ service }) => service),
        stopAtFailure,
        () => host.systemd.reload(),
      );
      for (const [index, { claim }] of good.entries()) claim.begin(turns[index]);
      const begun = good.map(({ service, claim }) => ({ service, id: claim.id }));
      return { ok: true, value: { batch, begun, refused } };
    },
    Detach: (input) => begin(input, (ground) => planDetach(ground, input.expected)),
    Restart: (input) => begin(input, (ground) => planRestart(ground, input.unit ?? null)),
    Restore: (input) => begin(input, (ground) => planRestore(ground, outside.drift(input.service))),
    async Adopt({ service, shown, by }) {
      const holder = held.get(service);
      if (holder) return { ok: false, error: busyRefusal(holder.summary()) };
      return outside.adopt(service, shown, by);
    },
    async Inspect({ service, versions }) {
      return { ok: true, value: { queued: await options.inspector.request(service, versions) } };
    },
    async Rehearse({ service, versions }) {
      return { ok: true, value: { queued: await options.rehearser.request(service, versions) } };
    },
    async Cancel({ id, by }) {
      const one = [...held.values()].find((other) => other.record.current.id === id);
      if (!one) return failed("not-found", { id });
      const { phase, kind } = one.record.current;
      if (phase === "waiting") one.cancel.abort(by);
      else if (kind === "restart" ? phase === "switching" : CAN_GO_BACK.has(phase)) one.back.abort(by);
      else return failed("not-cancellable", { phase });
      return { ok: true, value: { accepted: phase === "waiting" ? "cancelled" : "going-back" } };
    },
    async Keep({ id, by }) {
      const one = [...held.values()].find((other) => other.record.current.id === id);
      if (!one) return failed("not-found", { id });
      if (one.record.current.phase !== "trial") return failed("not-on-trial", {});
      one.keep.abort(by);
      return { ok: true, value: {} };
    },
    async SetReason({ id, reason }) {
      const one = [...held.values()].find((other) => other.record.current.id === id);
      if (one) one.record.update({ reason });
      else await journal.setReason(id, reason);
      return { ok: true, value: {} };
    },
    async Running() {
      return {
        ok: true,
        value: {
          // One that is still being planned may yet be refused, and then nobody would hear of it again.
          deployments: [...held.values()].map((one) => one.deployment()).filter(({ from, to }) => from || to),
          version: options.version,
        },
      };
    },
  };

  return {
    methods,
    open: () => held.size,
    follow: outside.start,
    /** Settles what an earlier life left open. The locks are taken before the first await. */
    async recover(open) {
      const work = open.map((intent) => ({ intent, one: hold(intent.deployment) }));
      await Promise.all(
        work.map(({ intent, one }) =>
          recoverDeployment(runOf(one, intent.plan), intent).then(() => release(one)),
        ),
      );
    },
  };
}

function wishesOf({ layers, despiteMark = false }: Input<"Deploy">): Wishes {
  return { despiteMark, ...(layers ? { layers } : {}) };
}

/** A service that is ours to change, and its deployment planned; or why not. */
type Claim =
  | { readonly ok: true; readonly id: string; begin(turn?: Turn | null): void; drop(): void }
  | { readonly ok: false; readonly why: Message };

/** After which those behind it in a batch go on. */
const GOOD_ENDS: ReadonlySet<Outcome> = new Set(["succeeded", "cancelled"]);

type Asked = {
  service: string;
  by: string;
  reason?: string | undefined;
  graceMs?: number | undefined;
  trialMs?: number | undefined;
  batch?: string;
};

const CAN_GO_BACK: ReadonlySet<Phase> = new Set(["switching", "settling", "trial"]);

function blank(id: string, asked: Asked, graceMs: number): Deployment {
  const now = Date.now();
  return {
    id,
    service: asked.service,
    kind: "upgrade", // replaced by the plan before anyone is told
    origin: "attache",
    from: null,
    to: null,
    profile: null,
    location: null,
    by: asked.by,
    reason: asked.reason ?? "",
    requestedAt: now,
    startedAt: null,
    finishedAt: null,
    phase: "waiting",
    startsAt: graceMs > 0 ? now + graceMs : null,
    trialMs: asked.trialMs ?? null,
    batch: asked.batch ?? null,
    endsAt: null,
    outcome: null,
    message: null,
    steps: [],
    log: [],
  };
}

function busyRefusal({ id, by, to }: DeploymentSummary): Refusal {
  return { code: "deployment-running", params: { id, by, version: to ?? "" } };
}

function failed(
  code: AppError["code"] | "not-cancellable" | "not-on-trial",
  params: Message["params"],
): { ok: false; error: Message } {
  return { ok: false, error: { code, params } };
}
