import { rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createFakeHost } from "@/lib/deploy/fake-systemd";
import { readGround } from "@/lib/deploy/ground";
import { planDeployment } from "@/lib/deploy/plan";
import { runDeployment } from "@/lib/deploy/run";
import { type FakeHost, makeRun } from "@/lib/deploy/run.fixture";

const UNIT = "[Service]\n[Install]\nWantedBy=multi-user.target\n";
const IMAGE = { units: { "web.service": UNIT }, behaviour: "stays" as const };
let host: FakeHost;
let ahead: ReturnType<typeof vi.fn<FakeHost["rehearseAhead"]>>;

beforeEach(async () => {
  host = await createFakeHost({ "web_1.0": IMAGE, "web_2.0": IMAGE }, 1);
  const old = path.join(host.root, "srv/web/web_1.0.raw");
  await host.systemd.attachImage(old, { matches: ["web"], profile: "default", location: "persistent" });
  await host.systemd.runJob("start", "web.service");
  ahead = vi.fn(async () => undefined);
  host.rehearseAhead = ahead;
});
afterEach(() => rm(host.root, { recursive: true }));

describe("a rehearsal ahead of the opening", () => {
  it("has the unit files that are attached", async () => {
    expect((await upgrade()).outcome).toBe("succeeded");
    const part = { units: ["web.service"], profile: "default", extensions: [] };
    const attachment = expect.objectContaining({ service: "web" });
    expect(ahead.mock.calls).toEqual([
      [expect.objectContaining({ label: "2.0" }), part, attachment, { "web.service": UNIT }],
    ]);
  });

  it("is left out where somebody waits anyway", async () => {
    expect((await upgrade(5)).outcome).toBe("succeeded");
    expect(ahead).not.toHaveBeenCalled();
  });

  it("is over before a refusal is told", async () => {
    let end = () => {};
    ahead.mockReturnValue(new Promise((resolve) => (end = resolve)));
    const stamp = { dev: 0, ino: 0, size: 0, mtimeMs: 0 };
    const problem = { code: "no-file-system", params: {} };
    host.inspect = async (version) => ({ ok: false, path: version.path, stamp, at: 0, problem });
    let isTold = false;
    const told = upgrade().finally(() => (isTold = true));
    await vi.waitFor(() => expect(ahead).toHaveBeenCalled());
    for (let n = 0; n < 50; n++) await turn();
    expect(isTold).toBe(false);
    end();
    expect((await told).outcome).toBe("refused");
  });
});

describe("bug: a rehearsal was still at work when the end of its switch was told", () => {
  it.each([
    [
      "portabled refuses after a while",
      () => {
        host.systemd.mishaps = ["fails-before"];
        host.systemd.beforeChange = () => sleep(20);
      },
    ],
    ["PID 1 does not reload", () => (host.systemd.reload = () => Promise.reject(new Error("no")))],
  ] as const)("where %s", async (_name, spoil) => {
    let end = () => {};
    const rehearse = vi.fn(() => new Promise<never>((_, reject) => (end = () => reject(new Error("over")))));
    host.rehearse = rehearse;
    spoil();
    let isTold = false;
    const told = upgrade().finally(() => (isTold = true));
    await vi.waitFor(() => expect(rehearse).toHaveBeenCalled());
    await sleep(60);
    expect(isTold).toBe(false);
    end();
    expect((await told).steps.filter(({ outcome }) => outcome === "running")).toEqual([]);
  });

  it("none begins where portabled was not even asked", async () => {
    const rehearse = vi.fn(host.rehearse);
    host.rehearse = rehearse;
    host.exclusive = () => Promise.reject(new Error("no"));
    await upgrade();
    await turn();
    expect(rehearse).not.toHaveBeenCalled();
  });
});

async function upgrade(graceMs = 0) {
  const ground = await readGround(host, "web", null);
  const planned = planDeployment(ground, "2.0", "1.0");
  if (!planned.ok) throw new Error(planned.refusal.code);
  const run = makeRun(host, planned.plan);
  await runDeployment(run, ground, graceMs);
  return run.record.current;
}
