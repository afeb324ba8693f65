import { rm } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFakeHost, type FakeImage } from "@/lib/deploy/fake-systemd";
import { readGround } from "@/lib/deploy/ground";
import { settle } from "@/lib/deploy/look-again";
import { planDeployment } from "@/lib/deploy/plan";
import { createRecord } from "@/lib/deploy/record";
import { runDeployment } from "@/lib/deploy/run";
import { BLANK, makeRun } from "@/lib/deploy/run.fixture";
import type { Probe } from "@/lib/health/types";

type FakeHost = Awaited<ReturnType<typeof createFakeHost>>;

const PACE = { intervalMs: 20, passes: 2, deadlineMs: 200 };
let server: http.Server;
let port: number;
/** What the service answers, one status after the other; the last one stays. */
let answers: number[];
let host: FakeHost;

beforeEach(async () => {
  server = http.createServer((_asked, reply) => {
    const status = answers.length > 1 ? answers.shift() : answers[0];
    reply.writeHead(status ?? 500).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
  server.close();
  await rm(host.root, { recursive: true });
});

const web = (deadlineMs = PACE.deadlineMs): Probe => ({
  kind: "http",
  url: `http://127.0.0.1:${port}/`,
  status: 200,
  text: "",
  ...PACE,
  deadlineMs,
});
const NOT_OURS: Probe = { kind: "unix", path: "/tmp/elsewhere.sock", ...PACE };
const FLAPPING = Array.from({ length: 200 }, (_, n) => (n % 2 === 0 ? 200 : 500));

describe("the look after a restart", () => {
  it.each<[string, number[], () => Probe[], string, Record<string, string>]>([
    ["no probe", [500], () => [], "healthy", { settle: "done" }],
    ["a probe that passes", [200], () => [web()], "healthy", { settle: "done", probe: "done" }],
    [
      "one that passes in the end",
      [500, 500, 200],
      () => [web()],
      "healthy",
      { settle: "done", probe: "done" },
    ],
    ["one that fails", [500], () => [web()], "probe-failed", { settle: "unsure", probe: "failed" }],
    [
      "one that fails from some moment on",
      [200, 500],
      () => [web()],
      "probe-failed",
      { settle: "unsure", probe: "failed" },
    ],
    ["mixed answers", FLAPPING, () => [web()], "undecided", { settle: "done", probe: "unsure" }],
    ["one that cannot be tried", [200], () => [NOT_OURS], "unchecked", { settle: "done", probe: "unsure" }],
  ])("%s", async (_name, statuses, probes, expected, steps) => {
    answers = statuses;
    const looked = await look(probes(), {});
    expect(looked.result).toBe(expected);
    expect(Object.fromEntries(looked.deployment.steps.map((step) => [step.name, step.outcome]))).toEqual(
      steps,
    );
  });

  it("says which probe it was, and what it saw", async () => {
    answers = [500];
    const { deployment } = await look([web()], {});
    expect(deployment.steps.find((step) => step.name === "probe")).toMatchObject({
      params: { address: `http://127.0.0.1:${port}/` },
      message: { code: "probe-failed", params: { problem: "probe-status", expected: 200, status: 500 } },
    });
  });

  it("a unit that falls while a probe is still tried ends it all", async () => {
    answers = [500];
    const { result, deployment, ms } = await look([web(10_000)], { behaviour: "dies" });
    expect(result).toBe("unit-failed");
    expect(ms).toBeLessThan(2000);
    expect(deployment.steps.map(({ name, outcome }) => [name, outcome])).toEqual([
      ["settle", "failed"],
      ["probe", "unsure"],
    ]);
  });

  it("going back ends it at once, and names who wanted it", async () => {
    answers = [500];
    const back = new AbortController();
    setTimeout(() => back.abort("ann"), 50);
    const { result, ms } = await look([web(10_000)], {}, back.signal);
    expect(result).toBe("sent-back");
    expect(ms).toBeLessThan(2000);
  });
});

describe("a switch whose probe answers now so, now so", () => {
  it.each([
    ["stays when somebody keeps it", true, "succeeded", "kept"],
    ["goes back when somebody sends it back", false, "reverted", "sent-back"],
  ] as const)("is on trial, and %s", async (_name, isKept, outcome, code) => {
    answers = [...FLAPPING];
    const units = { "web.service": "[Service]\n" };
    host = await createFakeHost({ "web_1.0": { units }, "web_2.0": { units } }, 40, [web(500)]);
    const options = { matches: ["web"], profile: "default", location: "persistent" } as const;
    await host.systemd.attachImage(path.join(host.root, "srv/web/web_1.0.raw"), options);
    await host.systemd.runJob("start", "web.service");
    const ground = await readGround(host, "web", null);
    const planned = planDeployment(ground, "2.0");
    if (!planned.ok) throw new Error(planned.refusal.code);
    const [keep, back] = [new AbortController(), new AbortController()];
    const run = makeRun(host, planned.plan, { keep: keep.signal, back: back.signal });
    const going = runDeployment(run, ground, 0);
    await expect.poll(() => run.record.current.phase, { timeout: 10_000 }).toBe("trial");
    expect(run.record.current.message?.code).toBe("probe-undecided");
    answers = [200]; // what comes back has to pass, too
    (isKept ? keep : back).abort("ada");
    await going;
    expect([run.record.current.outcome, run.record.current.message?.code]).toEqual([outcome, code]);
  });
});

async function look(
  probes: readonly Probe[],
  behaviour: Omit<FakeImage, "units">,
  signal: AbortSignal = new AbortController().signal,
) {
  const units = { "web.service": "[Service]\n" };
  host = await createFakeHost({ "web_1.0": { units, ...behaviour } }, 40, probes);
  await host.systemd.attachImage(path.join(host.root, "srv/web/web_1.0.raw"), {
    matches: ["web"],
    profile: "default",
    location: "persistent",
  });
  await host.systemd.runJob("start", "web.service");
  const record = createRecord({ ...BLANK, phase: "settling" }, () => undefined);
  const began = performance.now();
  const result = await settle(host, record, ["web.service"], "forward", signal).then(
    ({ verdict }) => verdict,
    (error: { why?: { code: string } }) => error.why?.code ?? String(error),
  );
  return { result, deployment: record.current, ms: performance.now() - began };
}
