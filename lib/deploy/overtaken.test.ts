import { rm } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFakeHost } from "@/lib/deploy/fake-systemd";
import { readAttachment, readGround } from "@/lib/deploy/ground";
import { planDeployment } from "@/lib/deploy/plan";
import { runDeployment } from "@/lib/deploy/run";
import { type FakeHost, makeRun, type Signals } from "@/lib/deploy/run.fixture";
import { AppError } from "@/lib/errors";
import { verdictOf } from "@/lib/history/verdict";

const OPTIONS = { matches: ["web"], profile: "default", location: "persistent" } as const;
let host: FakeHost;

beforeEach(async () => {
  const image = { units: { "web.service": "[Service]\n" } };
  host = await createFakeHost({ "web_1.0": image, "web_2.0": image, "web_3.0": image }, 400);
  await host.systemd.attachImage(fileOf("1.0"), OPTIONS);
  await host.systemd.runJob("start", "web.service");
});
afterEach(() => rm(host.root, { recursive: true }));

describe("bug: what others did to a version that is watched was undone and blamed on it", () => {
  it.each([
    ["detached while it settles", undefined, "settling", detachNow, ""],
    ["detached on trial", 60_000, "trial", detachNow, ""],
    ["switched while it settles", undefined, "settling", switchOver, "3.0"],
    ["switched on trial", 60_000, "trial", switchOver, "3.0"],
  ] as const)("%s", async (_name, trialMs, phase, deed, left) => {
    const { run, going } = await begin(trialMs === undefined ? {} : { trialMs });
    await expect.poll(() => run.record.current.phase, { interval: 5, timeout: 5000 }).toBe(phase);
    await deed();
    const calls = [...host.systemd.calls];
    await going;
    const { outcome, message } = run.record.current;
    const now = left === "" ? "" : fileOf(left);
    expect([outcome, message]).toEqual(["needs-person", { code: "changed-meanwhile", params: { now } }]);
    expect((await readAttachment(host, "web"))?.path ?? "").toBe(now);
    expect(host.systemd.calls).toEqual(calls);
    expect(verdictOf(run.record.current)).toBeNull();
    await expect.poll(() => host.systemd.timers.size).toBe(0);
  });

  it("kept in the same moment: what was kept is not there any more", async () => {
    const keep = new AbortController();
    const { run, going } = await begin({ trialMs: 60_000, keep: keep.signal });
    await expect.poll(() => run.record.current.phase, { timeout: 5000 }).toBe("trial");
    await switchOver();
    keep.abort("ada");
    await going;
    expect(run.record.current.message?.code).toBe("changed-meanwhile");
  });

  it("a reattach of the same version is no other version, whenever it is looked at", async () => {
    const keep = new AbortController();
    const { run, going } = await begin({ trialMs: 60_000, keep: keep.signal });
    await expect.poll(() => run.record.current.phase, { timeout: 5000 }).toBe("trial");
    await host.systemd.detachImage(fileOf("2.0"), "persistent");
    keep.abort("ada");
    setTimeout(() => void host.systemd.attachImage(fileOf("2.0"), { ...OPTIONS, force: true }), 150);
    await going;
    expect([run.record.current.outcome, run.record.current.message?.code]).toEqual(["succeeded", "kept"]);
  });
});

describe("bug: a bus that gave no answer counted against the version", () => {
  it("on trial: it is looked at again when the bus is back", { timeout: 15_000 }, async () => {
    const keep = new AbortController();
    const { run, going } = await begin({ trialMs: 60_000, keep: keep.signal });
    await expect.poll(() => run.record.current.phase, { timeout: 5000 }).toBe("trial");
    loseBus(4500);
    await new Promise((resolve) => setTimeout(resolve, 6000));
    expect(run.record.current.phase).toBe("trial");
    keep.abort("ada");
    await going;
    expect(run.record.current.message?.code).toBe("kept");
  });

  it("on trial, without an end: keeping it needs no bus", async () => {
    const keep = new AbortController();
    const { run, going } = await begin({ trialMs: 60_000, keep: keep.signal });
    await expect.poll(() => run.record.current.phase, { timeout: 5000 }).toBe("trial");
    loseBus(Number.POSITIVE_INFINITY);
    setTimeout(() => keep.abort("ada"), 1500);
    await going;
    expect(run.record.current.message?.code).toBe("kept");
  });

  it("while it settles: the time without an answer does not count", { timeout: 15_000 }, async () => {
    const { run, going } = await begin({});
    await expect.poll(() => run.record.current.phase, { interval: 5, timeout: 5000 }).toBe("settling");
    loseBus(3500);
    await going;
    const { outcome, steps } = run.record.current;
    expect(outcome).toBe("succeeded");
    expect(steps.find(({ name }) => name === "settle")?.durationMs).toBeGreaterThan(3500);
  });
});

function fileOf(label: string): string {
  return path.join(host.root, `srv/web/web_${label}.raw`);
}

/** As `portablectl detach --now` does it: the units first. */
async function detachNow(): Promise<void> {
  await host.systemd.runJob("stop", "web.service");
  await new Promise((resolve) => setTimeout(resolve, 250));
  await host.systemd.detachImage(fileOf("2.0"), "persistent");
}

/** As `portablectl reattach` does it: the process goes on. */
async function switchOver(): Promise<void> {
  await host.systemd.reattachImage(fileOf("3.0"), OPTIONS);
}

/** No question about units is answered for so long. */
function loseBus(ms: number): void {
  const end = performance.now() + ms;
  const { unitStatus } = host.systemd;
  host.systemd.unitStatus = async (name) => {
    if (performance.now() < end) throw new AppError("bus-unreachable");
    return unitStatus.call(host.systemd, name);
  };
}

async function begin(signals: Signals) {
  const ground = await readGround(host, "web", null);
  const planned = planDeployment(ground, "2.0");
  if (!planned.ok) throw new Error(planned.refusal.code);
  const run = makeRun(host, planned.plan, signals);
  return { run, going: runDeployment(run, ground, 0) };
}
