import { ulid } from "ulid";
import type { OwnedDatabase } from "@/lib/db";
import type { Orders } from "@/lib/deploy/host";
import type { Deployment } from "@/lib/deploy/types";
import { AppError } from "@/lib/errors";
import type { Health } from "@/lib/health/types";
import { allHealth, type HealthOnRecord, saveHealth } from "@/lib/history/health";
import { lift, listFreezes, listMarks, markOf, saveFreeze, saveMark } from "@/lib/history/marks";
import type { Freeze, Lifted, Mark } from "@/lib/history/types";
import { verdictOf } from "@/lib/history/verdict";

/** What people have laid down for services, and how they change it; each change throws `AppError("database")` unless it is on disk. */
export interface OrderBook extends Orders {
  setHealth(service: string, health: Health, by: string): void;
  mark(service: string, label: string, reason: string, by: string): void;
  liftMark(service: string, label: string, reason: string, by: string): void;
  freeze(service: string, reason: string, until: number | null, by: string): void;
  unfreeze(service: string, reason: string, by: string): void;
  /** What a deployment's end says of its version; the record is written by the recorder. */
  learn(deployment: Deployment): void;
}

interface OrderBookOptions {
  readonly db: OwnedDatabase;
  /** For services where nobody has set another. */
  readonly settleMs: number;
  /** Something of this service is new on record. */
  readonly noted: (service: string) => void;
}

/** How long a database that could not be read is left alone, ms. */
const REST_MS = 5000;

/** Keeps in memory what is on record, so that a deployment needs no database; until it could be read, the defaults hold. */
export function createOrderBook({ db, settleMs, noted }: OrderBookOptions): OrderBook {
  const health = new Map<string, HealthOnRecord>();
  const marks = new Map<string, Mark>();
  const freezes = new Map<string, Freeze>();
  let isRead = false;
  let triedAt = Number.NEGATIVE_INFINITY;

  const read = () => {
    if (isRead || performance.now() - triedAt < REST_MS) return;
    triedAt = performance.now();
    try {
      for (const [service, one] of allHealth(db)) health.set(service, one);
      for (const one of listMarks(db, null)) if (!marks.has(one.id)) marks.set(one.id, one);
      for (const one of listFreezes(db, null)) freezes.set(one.id, one);
      isRead = true;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      console.error("what is laid down for services could not be read:", error);
    }
  };
  const marksOf = (service: string) => {
    read();
    return [...marks.values()].filter((one) => one.service === service && !one.lifted);
  };
  const freezesOf = (service: string) => {
    read();
    return [...freezes.values()].filter((one) => one.service === service && !one.lifted);
  };
  const liftAll = <T extends Mark | Freeze>(known: Map<string, T>, which: readonly T[], lifted: Lifted) => {
    for (const one of which) known.set(one.id, { ...one, lifted });
  };

  return {
    healthOf(service) {
      read();
      return health.get(service) ?? { settleMs, probes: [] };
    },
    marksOf,
    freezeOf: (service) => freezesOf(service).find((one) => isOn(one, Date.now())) ?? null,

    setHealth(service, { settleMs: ms, probes }, by) {
      const one = { settleMs: ms, probes, by, at: Date.now() };
      saveHealth(db, service, one);
      health.set(service, one);
      noted(service);
    },
    mark(service, label, reason, by) {
      const id = ulid();
      const one = { id, service, label, deploymentId: null, by, at: Date.now(), reason, lifted: null };
      saveMark(db, one);
      marks.set(one.id, one);
      noted(service);
    },
    liftMark(service, label, reason, by) {
      const those = marksOf(service).filter((one) => one.label === label);
      const lifted = { by, at: Date.now(), reason, deploymentId: null };
      lift(db, "Mark", those.map(idOf), lifted);
      liftAll(marks, those, lifted);
      noted(service);
    },
    freeze(service, reason, until, by) {
      const one = { id: ulid(), service, by, at: Date.now(), reason, until, lifted: null };
      saveFreeze(db, one);
      freezes.set(one.id, one);
      noted(service);
    },
    unfreeze(service, reason, by) {
      const those = freezesOf(service);
      const lifted = { by, at: Date.now(), reason, deploymentId: null };
      lift(db, "Freeze", those.map(idOf), lifted);
      liftAll(freezes, those, lifted);
      noted(service);
    },
    learn(deployment) {
      const { id, service, to, by } = deployment;
      const verdict = verdictOf(deployment);
      if (verdict === null || to === null) return;
      const those = marksOf(service).filter((one) => one.label === to.label);
      if (verdict === "down") {
        if (those.length === 0) marks.set(id, markOf(deployment, to.label));
      } else
        liftAll(
          marks,
          those.filter((one) => one.id < id),
          { by, at: Date.now(), reason: "", deploymentId: id },
        );
    },
  };
}

function isOn({ until }: Freeze, now: number): boolean {
  return until === null || now < until;
}

function idOf({ id }: { id: string }): string {
  return id;
}
