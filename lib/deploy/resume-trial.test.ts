import { rm } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createFakeHost } from "@/lib/deploy/fake-systemd";
import { readAttachment, readGround } from "@/lib/deploy/ground";
import type { Intent } from "@/lib/deploy/intent";
import { planDeployment } from "@/lib/deploy/plan";
import { recoverDeployment } from "@/lib/deploy/recover";
import { runDeployment } from "@/lib/deploy/run";
import { type FakeHost, makeRun, type Signals } from "@/lib/deploy/run.fixture";

const OPTIONS = { matches: ["web"], profile: "default", location: "persistent" } as const;
const UNIT = "[Service]\n[Install]\nWantedBy=multi-user.target\n";
const OLD = { units: { "web.service": UNIT } };
const NEW = { units: { "web.service": UNIT, "web-worker.service": UNIT } };
let host: FakeHost;

afterEach(() => rm(host.root, { recursive: true }));

describe("bug: a trial was watched less, or anew, once the engine had been away", () => {
  it.each([
    ["a unit that ran before was restarted meanwhile", "1.0", restart("web.service"), "unit-restarted"],
    ["a unit that only the new version has has fallen", "1.0", fall("web-worker.service"), "unit-failed"],
    ["a first attach has fallen", null, fall("web.service"), "unit-failed"],
    ["all is as it was", "1.0", nothing, "kept"],
    ["the machine was started anew, and PID 1 did not go back", "1.0", boot, "trial-over"],
  ] as const)("%s", async (_name, old, meanwhile, code): Promise<void> => {
    host = await createFakeHost({ "web_1.0": OLD, "web_2.0": NEW });
    if (old) {
      await host.systemd.attachImage(fileOf(old), OPTIONS);
      await host.systemd.runJob("start", "web.service");
    }
    const ground = await readGround(host, "web", null);
    const planned = planDeployment(ground, "2.0");
    if (!planned.ok) throw new Error(planned.refusal.code);
    const begin = (signals: Signals) => makeRun(host, planned.plan, { trialMs: 60_000, ...signals });

    // One life, up to its trial; it is kept there, so that it does not go on beside the next one.
    const first = new AbortController();
    const run = begin({ keep: first.signal });
    const going = runDeployment(run, ground, 0);
    await expect.poll(() => run.record.current.phase, { timeout: 5000 }).toBe("trial");
    await expect.poll(async () => (await run.intents.all()).intents[0]?.stage).toBe("trial");
    first.abort("the end of the first life");
    await going;
    const { intents } = await run.intents.all();
    const intent = intents[0];
    if (!intent) throw new Error("no intent");

    const changed = await meanwhile();
    const second = new AbortController();
    const next = begin({ keep: second.signal });
    setTimeout(() => second.abort("ada"), 1500);
    await recoverDeployment(next, { ...intent, ...changed });
    expect(next.record.current.message?.code).toBe(code);
    const left = code === "kept" ? fileOf("2.0") : old && fileOf(old);
    expect((await readAttachment(host, "web"))?.path ?? null).toBe(left);
  });
});

async function nothing(): Promise<Partial<Intent>> {
  return {};
}

/** Another one than the trial began in; its units would have come back under the same names. */
async function boot(): Promise<Partial<Intent>> {
  return { trialBoot: "another" };
}

function restart(unit: string): () => Promise<Partial<Intent>> {
  return async () => {
    await host.systemd.runJob("restart", unit);
    return {};
  };
}

function fall(unit: string): () => Promise<Partial<Intent>> {
  return async () => {
    const one = host.systemd.units.get(unit);
    if (!one) throw new Error(`${unit} does not run`);
    one.active = "failed";
    return {};
  };
}

function fileOf(label: string): string {
  return path.join(host.root, `srv/web/web_${label}.raw`);
}
