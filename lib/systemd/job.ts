import { AppError } from "@/lib/errors";
import type { BusClient } from "./bus";
import { callManager, managerSignal, readProperty, subscribeManager } from "./manager";
import type { JobResult, JobVerb } from "./types";
import { unitPath } from "./unit-path";
import { text } from "./values";

const METHODS: Record<JobVerb, string> = { start: "StartUnit", stop: "StopUnit", restart: "RestartUnit" };

/** How often to look whether the job still exists, should its end have passed unseen. */
const LOOK_MS = 5000;
/** How long the bus may be gone while a job runs before its outcome counts as unknown. */
const LONGEST_OUTAGE_MS = 30_000;

/**
 * Queues a job and waits for its result. JobRemoved is watched from before the
 * call, since it can arrive with the reply; jobs of other clients pass by and
 * are told apart by their path. Waiting has no end of its own: the unit's
 * timeouts bound it. An abort stops the waiting (rejecting with its reason),
 * not the job.
 */
export async function runJob(
  bus: BusClient,
  verb: JobVerb,
  unit: string,
  options: { signal?: AbortSignal } = {},
): Promise<JobResult> {
  const queue = () => callManager(bus, METHODS[verb], "ss", [unit, "replace"]);
  return runQueued(bus, verb, unit, queue, options);
}

/** The same for a job that another call queues; `queue` answers with the job's path. */
export async function runQueued(
  bus: BusClient,
  verb: JobVerb,
  unit: string,
  queue: () => Promise<readonly unknown[]>,
  { signal }: { signal?: AbortSignal } = {},
): Promise<JobResult> {
  signal?.throwIfAborted();
  const ended = new Map<string, string>();
  let onEnd = () => {};
  const stop = bus.subscribe(managerSignal("JobRemoved"), ({ body: [, job, , result] }) => {
    ended.set(text(job), text(result));
    onEnd();
  });
  try {
    // PID 1 takes the two in this order.
    const [, [job]] = await Promise.all([subscribeManager(bus), queue()]);
    return await jobEnd(text(job));
  } finally {
    stop();
  }

  async function jobEnd(job: string): Promise<JobResult> {
    let lastSeen = performance.now();
    for (;;) {
      const result = ended.get(job);
      if (result !== undefined) return toJobResult(result);
      await pause();
      signal?.throwIfAborted();
      if (ended.has(job)) continue;
      const state = await lookAtJob(bus, unit, job).catch((error: unknown) => {
        if (performance.now() - lastSeen > LONGEST_OUTAGE_MS || !isOutage(error)) throw error;
        return "unseen" as const;
      });
      if (state !== "unseen") lastSeen = performance.now();
      // The signal is sent before the property changes, so it is here by now if it was sent to us at all.
      if (state === "gone" && !ended.has(job)) return resultByState(bus, verb, unit);
    }
  }

  /** Until a job ends, the time to look has come, or the caller gives up. */
  function pause(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        onEnd = () => {};
        resolve();
      };
      const timer = setTimeout(done, LOOK_MS);
      signal?.addEventListener("abort", done);
      onEnd = done;
    });
  }
}

async function lookAtJob(bus: BusClient, unit: string, job: string): Promise<"queued" | "gone" | "unseen"> {
  const value = await readProperty(bus, unitPath(unit), UNIT, "Job");
  const [, current] = Array.isArray(value) ? value : [];
  return current === job ? "queued" : "gone";
}

/** The job's end passed unseen (the bus was away): what the unit does now has to speak for it. */
async function resultByState(bus: BusClient, verb: JobVerb, unit: string): Promise<JobResult> {
  const active = text(await readProperty(bus, unitPath(unit), UNIT, "ActiveState"));
  const wanted =
    verb === "stop" ? ["inactive", "failed"] : ["active", "activating", "reloading", "refreshing"];
  return wanted.includes(active) ? "done" : "failed";
}

const UNIT = "org.freedesktop.systemd1.Unit";

const RESULTS: Record<JobResult, true> = {
  done: true,
  skipped: true,
  canceled: true,
  timeout: true,
  failed: true,
  dependency: true,
  invalid: true,
  assert: true,
  unsupported: true,
  collected: true,
  once: true,
  frozen: true,
};

/** A result that a newer systemd may add is no success that we know of. */
function toJobResult(result: string): JobResult {
  return isJobResult(result) ? result : "failed";
}

function isJobResult(result: string): result is JobResult {
  return Object.hasOwn(RESULTS, result);
}

function isOutage(error: unknown): boolean {
  return error instanceof AppError && (error.code === "bus-unreachable" || error.code === "timed-out");
}
