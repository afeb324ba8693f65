import { readFile, rm } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createBatch, type Turn } from "@/lib/deploy/batch";
import { createFakeHost } from "@/lib/deploy/fake-systemd";
import { readGround } from "@/lib/deploy/ground";
import { planDeployment } from "@/lib/deploy/plan";
import { runDeployment } from "@/lib/deploy/run";
import { type FakeHost, makeRun, type Signals } from "@/lib/deploy/run.fixture";
import type { Probe } from "@/lib/health/types";

const NEVER = new AbortController().signal;
const hosts: FakeHost[] = [];

afterEach(async () => {
  for (const host of hosts.splice(0)) await rm(host.root, { recursive: true });
});

describe("a deployment in a batch", () => {
  it("bug: a trial that was asked for held those behind it", async () => {
    const [turn, behind] = createBatch(["web", "next"], true, async () => undefined);
    const keep = new AbortController();
    const { run, going } = await begin(await hostWith(), turn, { trialMs: 60_000, keep: keep.signal });
    await behind?.reload(NEVER);
    await behind?.restart(NEVER);
    await expect.poll(() => run.record.current.phase).toBe("trial");
    keep.abort("ada");
    await going;
    expect(run.record.current.outcome).toBe("succeeded");
  });

  it("bug: mixed answers of its probe held those behind it half switched until its trial was over", async () => {
    const flapping = await flappingServer();
    const [turn, behind] = createBatch(["web", "next"], true, async () => undefined);
    const keep = new AbortController();
    const { run, going } = await begin(await hostWith([flapping.probe]), turn, { keep: keep.signal });
    await behind?.reload(NEVER);
    await expect(behind?.restart(NEVER)).rejects.toMatchObject({
      why: { code: "batch-undecided", params: { service: "web" } },
    });
    await expect.poll(() => run.record.current.phase).toBe("trial");
    keep.abort("ada");
    await going;
    flapping.close();
  });

  it.each([
    ["the reload", 0],
    ["its restart", 1],
  ])("bug: sent back while it waited for %s, it went on waiting", async (_name, reloads) => {
    const log: string[] = [];
    const [first, turn, last] = createBatch(
      ["first", "web", "last"],
      true,
      async () => void log.push("reload"),
    );
    void first?.reload(NEVER);
    if (reloads === 1) void last?.reload(NEVER);
    const host = await hostWith();
    const before = host.systemd.units.get("web.service")?.invocation;
    const back = new AbortController();
    const { run, going } = await begin(host, turn, { back: back.signal });
    await expect.poll(() => run.record.current.steps.some(({ name }) => name === "reload")).toBe(true);
    await expect.poll(() => log.length).toBe(reloads);
    back.abort("ada");
    await going;
    expect(run.record.current).toMatchObject({ outcome: "reverted", message: { code: "sent-back" } });
    expect(host.systemd.units.get("web.service")?.invocation).toBe(before);
    const marker = path.join(host.paths.attached.persistent, "web.service.d/20-portable.conf");
    expect(await readFile(marker, "utf8")).toContain("web_1.0.raw");
  });
});

/** Where web 1.0 runs, and web 2.0 stays up. */
async function hostWith(probes: readonly Probe[] = []): Promise<FakeHost> {
  const units = { "web.service": "[Service]\n" };
  const host = await createFakeHost({ "web_1.0": { units }, "web_2.0": { units } }, 40, probes);
  hosts.push(host);
  const options = { matches: ["web"], profile: "default", location: "persistent" } as const;
  await host.systemd.attachImage(path.join(host.root, "srv/web/web_1.0.raw"), options);
  await host.systemd.runJob("start", "web.service");
  return host;
}

async function begin(host: FakeHost, turn: Turn | undefined, signals: Signals) {
  const ground = await readGround(host, "web", null);
  const planned = planDeployment(ground, "2.0");
  if (!planned.ok) throw new Error(planned.refusal.code);
  const run = { ...makeRun(host, planned.plan, signals), turn: turn ?? null };
  return { run, going: runDeployment(run, ground, 0) };
}

/** Answers now so, now so. */
async function flappingServer(): Promise<{ probe: Probe; close(): void }> {
  let asked = 0;
  const server = http.createServer((_asked, reply) => reply.writeHead(asked++ % 2 === 0 ? 200 : 500).end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const probe: Probe = {
    kind: "http",
    url: `http://127.0.0.1:${port}/`,
    status: 200,
    text: "",
    intervalMs: 20,
    passes: 2,
    deadlineMs: 500,
  };
  return { probe, close: () => server.close() };
}
