import type { Turn } from "@/lib/deploy/batch";
import { type HostGround, readGround } from "@/lib/deploy/ground";
import type { Intent } from "@/lib/deploy/intent";
import { type Plan, type Planned, runningRefusal } from "@/lib/deploy/plan";
import { createRecord, type Record } from "@/lib/deploy/record";
import { recoverDeployment } from "@/lib/deploy/recover";
import { type Run, runDeployment } from "@/lib/deploy/run";
import { summarise } from "@/lib/deploy/summary";
import type { Deployment, DeploymentSummary, Outcome } from "@/lib/deploy/types";
import type { EngineOptions } from "@/lib/engine/service";
import type { Message } from "@/lib/errors";

/** A service that is being changed; the lock and the name of its holder in one. */
export interface Held {
  readonly summary: () => DeploymentSummary;
  readonly deployment: () => Deployment;
  readonly cancel: AbortController;
  readonly back: AbortController;
  readonly keep: AbortController;
  readonly record: Record;
}

/** A service that is ours to change, and its deployment planned; or why not. */
export type Claim =
  | {
      readonly ok: true;
      readonly id: string;
      /** Nobody is told of it, and nothing of it is on record, before this. Resolves when it is, or could not be put there. */
      begin(turn?: Turn | null): Promise<void>;
      drop(): void;
    }
  | { readonly ok: false; readonly why: Message };

const CLEAR_AGAIN_MS = 5000;

/** After which those behind it in a batch go on. */
const GOOD_ENDS: ReadonlySet<Outcome> = new Set(["succeeded", "cancelled"]);

export type Asked = {
  service: string;
  by: string;
  reason?: string | undefined;
  graceMs?: number | undefined;
  trialMs?: number | undefined;
  batch?: string;
};

type Needed = "host" | "intents" | "deadMan" | "reserve" | "journal" | "graceMs" | "publish";

interface HoldsOptions extends Pick<EngineOptions, Needed> {
  readonly orders: Pick<EngineOptions["orders"], "learn">;
  readonly newId: () => string;
  /** Called after each deployment, before its service is free again. */
  readonly settled: (last: Deployment) => Promise<void>;
  /** Called when its service is free. */
  readonly freed: () => void;
}

/** One lock per service, and the deployment that has it. */
export function createHolds(options: HoldsOptions) {
  const { host, intents, journal, publish, newId } = options;
  const held = new Map<string, Held>();

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
  /** What is on record needs neither a way back nor an intent. A disk that cannot be written to is tried again. */
  const clearAway = async (last: Deployment): Promise<void> => {
    try {
      await options.deadMan.forget(last.id);
      const holder = held.get(last.service)?.record.current.id ?? last.id;
      if (holder === last.id) await intents.remove(last.service);
    } catch (error) {
      console.error("a way back or an intent stays behind:", error);
      setTimeout(() => void clearAway(last), CLEAR_AGAIN_MS).unref();
    }
  };
  const release = async (one: Held) => {
    const last = one.record.current;
    options.orders.learn(last);
    await journal.save(last);
    await options.settled(last);
    await clearAway(last);
    held.delete(last.service);
    options.freed();
    journal.finished(last);
    await options.reserve.fill().catch(() => undefined); // the disk is full: it is filled when it is not
  };

  return {
    held: held as ReadonlyMap<string, Held>,
    byId: (id: string) => [...held.values()].find((one) => one.record.current.id === id),

    /** Takes the lock before the first await, so that two clicks cannot both pass; gives it back when it refuses. */
    async claim(asked: Asked, decide: (ground: HostGround) => Planned): Promise<Claim> {
      const holder = held.get(asked.service);
      // Whatever the host looks like: so it is not looked at for each of many who ask at once.
      if (holder) return { ok: false, why: runningRefusal(holder.summary()) };
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
      return {
        ok: true,
        id,
        begin(turn = null) {
          one.record.update({
            kind,
            from,
            to,
            profile: planned.plan.profile ?? attachment?.profile ?? null,
            location: attachment?.location ?? "persistent",
          });
          void runDeployment({ ...runOf(one, planned.plan), turn }, ground, graceMs).then(() => {
            turn?.end(GOOD_ENDS.has(one.record.current.outcome ?? "needs-person") ? "good" : "bad");
            return release(one);
          });
          return journal.save(one.record.current);
        },
        drop: () => held.delete(asked.service),
      };
    },

    /** Settles what an earlier life left open. The locks are taken before the first await. */
    async recover(open: readonly Intent[]): Promise<void> {
      const work = open.map((intent) => ({ intent, one: hold(intent.deployment) }));
      await Promise.all(
        work.map(({ intent, one }) =>
          recoverDeployment(runOf(one, intent.plan), intent).then(() => release(one)),
        ),
      );
    },
  };
}

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
