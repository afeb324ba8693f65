import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AppError } from "@/lib/errors";
import type { BusClient, Call, Signal } from "./bus";
import { runJob } from "./job";

const JOB = "/org/freedesktop/systemd1/job/7";

/** PID 1 as far as a job goes; what it says of the unit is set by each test. */
function fakeBus() {
  const listeners = new Set<(signal: Signal) => void>();
  const unit: { job: string; active: string; outage: boolean } = {
    job: JOB,
    active: "active",
    outage: false,
  };
  const removed = (job: string, result: string) => {
    const signal = {
      path: "",
      interface: "",
      member: "JobRemoved",
      sender: ":1.1",
      body: [7, job, "a.service", result],
    };
    for (const listener of listeners) listener(signal);
  };
  const call = vi.fn(async ({ member, body = [] }: Call): Promise<readonly unknown[]> => {
    if (unit.outage) throw new AppError("bus-unreachable");
    if (member === "Subscribe")
      throw new AppError("call-failed", { name: "org.freedesktop.systemd1.AlreadySubscribed" });
    if (member === "Get") return body[1] === "Job" ? [[7, unit.job]] : [unit.active];
    return [JOB];
  });
  const bus: Pick<BusClient, "call" | "subscribe"> = {
    call,
    subscribe(_, listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return { bus: asBusClient(bus), call, listeners, removed, unit };
}

/** Safe: `runJob` uses these two and nothing else of a bus. */
function asBusClient(bus: Pick<BusClient, "call" | "subscribe">): BusClient {
  return bus as BusClient;
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("runJob", () => {
  it.each(["done", "skipped", "failed", "timeout", "canceled", "dependency"] as const)(
    "answers %s",
    async (result) => {
      const { bus, removed, listeners } = fakeBus();
      const job = runJob(bus, "restart", "a.service");
      await vi.advanceTimersByTimeAsync(1);
      removed("/org/freedesktop/systemd1/job/8", "done");
      removed(JOB, result);
      expect(await job).toBe(result);
      expect(listeners.size).toBe(0);
    },
  );

  it("takes a result it does not know for a failure", async () => {
    const { bus, removed } = fakeBus();
    const job = runJob(bus, "start", "a.service");
    await vi.advanceTimersByTimeAsync(1);
    removed(JOB, "marvellous");
    expect(await job).toBe("failed");
  });

  it("has seen a signal that came before the reply", async () => {
    const { bus, call, removed } = fakeBus();
    const answer = call.getMockImplementation();
    call.mockImplementation(async (request) => {
      if (request.member === "StartUnit") removed(JOB, "done");
      return (await answer?.(request)) ?? [];
    });
    expect(await runJob(bus, "start", "a.service")).toBe("done");
  });

  it.each([
    ["start", "active", "done"],
    ["restart", "failed", "failed"],
    ["stop", "inactive", "done"],
    ["stop", "active", "failed"],
  ] as const)("looks at the unit when the end of a %s passed unseen: %s", async (verb, active, result) => {
    const { bus, unit } = fakeBus();
    const job = runJob(bus, verb, "a.service");
    await vi.advanceTimersByTimeAsync(5100);
    Object.assign(unit, { job: "/", active });
    await vi.advanceTimersByTimeAsync(5100);
    expect(await job).toBe(result);
  });

  it("outlives a short outage of the bus", async () => {
    const { bus, unit, removed } = fakeBus();
    const job = runJob(bus, "start", "a.service");
    await vi.advanceTimersByTimeAsync(1);
    unit.outage = true;
    await vi.advanceTimersByTimeAsync(20_000);
    unit.outage = false;
    removed(JOB, "done");
    expect(await job).toBe("done");
  });

  it("gives up on a long one", async () => {
    const { bus, unit } = fakeBus();
    const job = runJob(bus, "start", "a.service");
    const failed = expect(job).rejects.toMatchObject({ code: "bus-unreachable" });
    await vi.advanceTimersByTimeAsync(1);
    unit.outage = true;
    await vi.advanceTimersByTimeAsync(40_000);
    await failed;
  });

  it.each([
    ["forward", 3_600_000],
    ["back", -3_600_000],
  ])("bug: a wall clock set %s moved the end of its patience", async (_, byMs) => {
    const { bus, unit } = fakeBus();
    const job = runJob(bus, "start", "a.service");
    const ended = vi.fn();
    job.catch(ended);
    await vi.advanceTimersByTimeAsync(1);
    unit.outage = true;
    await vi.advanceTimersByTimeAsync(10_000);
    vi.setSystemTime(Date.now() + byMs);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(ended).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(15_000);
    expect(ended).toHaveBeenCalledWith(expect.objectContaining({ code: "bus-unreachable" }));
  });

  it("stops waiting when told to", async () => {
    const { bus, listeners } = fakeBus();
    const abort = new AbortController();
    const job = runJob(bus, "stop", "a.service", { signal: abort.signal });
    const failed = expect(job).rejects.toBe("enough");
    await vi.advanceTimersByTimeAsync(1);
    abort.abort("enough");
    await failed;
    expect(listeners.size).toBe(0);
  });
});
