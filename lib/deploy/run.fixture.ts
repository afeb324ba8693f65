import path from "node:path";
import { createDeadMan } from "@/lib/deploy/dead-man";
import type { createFakeHost } from "@/lib/deploy/fake-systemd";
import { createIntents } from "@/lib/deploy/intent";
import type { Plan } from "@/lib/deploy/plan";
import { createRecord } from "@/lib/deploy/record";
import { createReserve } from "@/lib/deploy/reserve";
import type { Run } from "@/lib/deploy/run";
import type { Deployment } from "@/lib/deploy/types";

export type FakeHost = Awaited<ReturnType<typeof createFakeHost>>;

/** What somebody may do while it runs, and how long it is on trial. */
export interface Signals {
  readonly graceMs?: number;
  readonly cancel?: AbortSignal;
  readonly back?: AbortSignal;
  readonly keep?: AbortSignal;
  readonly trialMs?: number;
}

/** A deployment that was asked for and not begun. */
export const BLANK: Deployment = {
  id: "01HZZZZZZZZZZZZZZZZZZZZZZZ",
  service: "web",
  kind: "upgrade",
  origin: "attache",
  from: null,
  to: null,
  profile: null,
  location: null,
  by: "test",
  reason: "",
  requestedAt: 0,
  startedAt: null,
  finishedAt: null,
  phase: "waiting",
  startsAt: null,
  trialMs: null,
  batch: null,
  endsAt: null,
  outcome: null,
  message: null,
  steps: [],
  log: [],
};

/** All that one deployment on a fake host needs; its files lie below the host's root. */
export function makeRun(host: FakeHost, plan: Plan, signals: Signals = {}): Run {
  const { service, kind, from, to } = plan;
  const never = new AbortController().signal;
  const trialMs = signals.trialMs ?? null;
  return {
    host,
    record: createRecord({ ...BLANK, service, kind, from, to, trialMs }, () => undefined),
    intents: createIntents(path.join(host.root, "intents")),
    deadMan: createDeadMan(path.join(host.root, "way-back"), host),
    reserve: createReserve(path.join(host.root, "reserve")),
    plan,
    cancel: signals.cancel ?? never,
    back: signals.back ?? never,
    keep: signals.keep ?? never,
    turn: null,
  };
}
