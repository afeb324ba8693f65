import { ulid } from "ulid";
import { type HostGround, readGround } from "@/lib/deploy/ground";
import type { Host } from "@/lib/deploy/host";
import type { Intent, Intents } from "@/lib/deploy/intent";
import { type Plan, type Planned, planDeployment, planDetach, planRestart } from "@/lib/deploy/plan";
import { planRestore } from "@/lib/deploy/plan-restore";
import { createRecord, type Record } from "@/lib/deploy/record";
import { recoverDeployment } from "@/lib/deploy/recover";
import { type Run, runDeployment } from "@/lib/deploy/run";
import { summarise } from "@/lib/deploy/summary";
import type { Deployment, DeploymentSummary, Refusal } from "@/lib/deploy/types";
import type { Inspector } from "@/lib/engine/inspector";
import type { Input, MethodName, Reply } from "@/lib/engine/interface";
import { createOutside, type OutsideOptions } from "@/lib/engine/outside";
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
  readonly inspector: Inspector;
  readonly intents: Intents;
  readonly journal: Journal;
  readonly graceMs: number;
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
  const outside = createOutside({
    ...options.outside,
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
    };
    held.set(initial.service, one);
    return one;
  };
  const runOf = (one: Held, plan: Plan): Run => ({
    host,
    record: one.record,
    intents,
    plan,
    cancel: one.cancel.signal,
    back: one.back.signal,
  });
  const release = async (one: Held) => {
    const last = one.record.current;
    await journal.save(last);
    await outside.settle(last);
    await intents
      .remove(last.service)
      .catch((error: unknown) => console.error("an intent stays behind:", error));
    held.delete(last.service);
    journal.finished(last);
  };

  /** Takes the lock before the first await, so that two clicks cannot both pass. */
  const begin = async (asked: Asked, decide: (ground: HostGround) => Planned): Promise<Reply<"Deploy">> => {
    const holder = held.get(asked.service);
    const id = ulid();
    const graceMs = asked.graceMs ?? options.graceMs;
    const one = holder ? null : hold(blank(id, asked, graceMs));
    const ground = await readGround(host, asked.service, holder?.summary() ?? null).catch(
      (error: unknown) => {
        if (one) held.delete(asked.service);
        throw error;
      },
    );
    const planned: Planned =
      ground.versions.length === 0 && !ground.attachment
        ? { ok: false, refusal: { code: "unknown-service", params: { service: asked.service } } }
        : decide(ground);
    if (!planned.ok || !one) {
      if (one) held.delete(asked.service);
      return { ok: false, error: planned.ok ? { code: "busy", params: {} } : planned.refusal };
    }
    const { kind, from, to, attachment } = planned.plan;
    one.record.update({
      kind,
      from,
      to,
      profile: planned.plan.profile ?? attachment?.profile ?? null,
      location: attachment?.location ?? "persistent",
    });
    void runDeployment(runOf(one, planned.plan), ground, graceMs).then(() => release(one));
    return { ok: true, value: { id } };
  };

  const methods: Methods = {
    Deploy: (input) => begin(input, (ground) => planDeployment(ground, input.version, input.expected)),
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
    async Cancel({ id, by }) {
      const one = [...held.values()].find((other) => other.record.current.id === id);
      if (!one) return failed("not-found", { id });
      const { phase } = one.record.current;
      if (phase === "waiting") one.cancel.abort(by);
      else if (phase === "settling" && one.record.current.kind !== "restart") one.back.abort(by);
      else return failed("not-cancellable", { phase });
      return { ok: true, value: { accepted: phase === "waiting" ? "cancelled" : "going-back" } };
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

type Asked = { service: string; by: string; reason?: string | undefined; graceMs?: number | undefined };

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
  code: AppError["code"] | "not-cancellable",
  params: Message["params"],
): { ok: false; error: Message } {
  return { ok: false, error: { code, params } };
}
