import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createFakeHost } from "@/lib/deploy/fake-systemd";
import { readGround } from "@/lib/deploy/ground";
import { type Plan, planDeployment, planDetach } from "@/lib/deploy/plan";
import { decideRecovery, recoverDeployment } from "@/lib/deploy/recover";
import { intentOf } from "@/lib/deploy/run";
import { BLANK, type FakeHost, makeRun } from "@/lib/deploy/run.fixture";
import { attachedImage, CHOICE, hostWith, OPTIONS, prepare, removeHosts } from "@/lib/deploy/web.fixture";
import { AppError } from "@/lib/errors";

afterEach(removeHosts);

describe("decideRecovery: stage × what the host shows", () => {
  it.each([
    ["upgrade", "planned", "old", "forget"],
    ["upgrade", "switching", "old", "forget"],
    ["upgrade", "switching", "new", "finish"],
    ["upgrade", "switching", "nothing", "go-back"],
    ["upgrade", "switching", "other", "ask"],
    ["upgrade", "trial", "new", "resume-trial"],
    ["upgrade", "trial", "old", "go-back"],
    ["upgrade", "trial", "other", "ask"],
    ["upgrade", "trial", "nothing", "ask"],
    ["rollback", "going-back", "old", "go-back"],
    ["rollback", "going-back", "new", "go-back"],
    ["rollback", "going-back", "nothing", "go-back"],
    ["attach", "switching", "new", "finish"],
    ["detach", "switching", "old", "go-back"],
    ["detach", "switching", "new", "finish-detach"],
    ["detach", "switching", "part", "go-back"],
    ["detach", "going-back", "part", "go-back"],
    ["upgrade", "switching", "part", "go-back"],
    ["upgrade", "trial", "part", "go-back"],
    ["restart", "switching", "part", "ask"],
    ["reattach", "switching", "part", "go-back"],
    ["restart", "switching", "old", "look-again"],
    ["restart", "switching", "other", "ask"],
    ["reattach", "planned", "old", "forget"],
    ["reattach", "switching", "old", "go-back"],
    ["reattach", "switching", "new", "finish"],
    ["reattach", "switching", "nothing", "go-back"],
  ] as const)("%s, %s, %s: %s", (kind, stage, found, action) => {
    expect(decideRecovery(kind, stage, found)).toBe(action);
  });
});

describe("a detach that was cut short", () => {
  const attached = (host: FakeHost, ...parts: string[]) =>
    path.join(host.paths.attached.persistent, ...parts);
  const UNITS = ["clock.service", "clock.socket"];

  it.each([
    ["bug: one unit gone was recorded as detached", ["clock.service"], "reverted"],
    ["bug: a drop-in left was recorded as detached", ["clock.service", "clock.socket"], "reverted"],
    [
      "all of it gone is a detach",
      ["clock.service", "clock.service.d", "clock.socket", "clock.socket.d"],
      "succeeded",
    ],
  ] as const)("%s", async (_name, gone, outcome) => {
    const units = Object.fromEntries(UNITS.map((unit) => [unit, "[Unit]\n"]));
    const host = await createFakeHost({ "clock_1.0": { units } });
    try {
      const image = path.join(host.root, "srv/clock/clock_1.0.raw");
      await host.systemd.attachImage(image, {
        matches: ["clock"],
        profile: "default",
        location: "persistent",
      });
      const run = makeRun(host, planOf(await readGround(host, "clock", null)));
      const choice = { matches: ["clock"], units: UNITS };
      const { attachment } = run.plan;
      const wayBack = { attachment, choice, files: [], running: [], enabled: [] };
      const intent = intentOf(run, "switching", wayBack, null);
      for (const name of gone) await rm(attached(host, name), { recursive: true });
      await recoverDeployment(run, intent);
      expect(run.record.current.outcome).toBe(outcome);
      const { attachment: now } = await readGround(host, "clock", null);
      expect(now?.units ?? []).toEqual(outcome === "reverted" ? UNITS : []);
    } finally {
      await rm(host.root, { recursive: true });
    }
  });
});

describe("an engine that was killed", () => {
  it("bug: a detach that was interrupted after its first stop left the unit stopped", async () => {
    const host = await hostWith({ behaviour: "stays" });
    const open = await prepare(host, (ground) => planDetach(ground));
    const attachment = open.run.plan.attachment;
    const running = [{ unit: "web.service", invocationId: "1", hadFailed: false }];
    const wayBack = { attachment, choice: CHOICE, files: [], running, enabled: [] };
    await open.run.intents.write(intentOf(open.run, "switching", wayBack, null));
    await host.systemd.runJob("stop", "web.service");
    const { intents } = await open.run.intents.all();
    for (const intent of intents) await recoverDeployment(open.run, intent);
    expect(open.run.record.current.outcome).toBe("reverted");
    expect(host.systemd.units.get("web.service")?.active).toBe("active");
  });

  it("bug: a bus that died while its work was taken over was a case for a person", async () => {
    const host = await hostWith({ behaviour: "stays" });
    const { run } = await prepare(host, (ground) => planDeployment(ground, "2.0"));
    const { attachment } = run.plan;
    const running = [{ unit: "web.service", invocationId: "1", hadFailed: false }];
    const wayBack = { attachment, choice: CHOICE, files: [], running, enabled: [] };
    await run.intents.write(intentOf(run, "switching", wayBack, CHOICE));
    await host.systemd.reattachImage(path.join(host.root, "srv/web/web_2.0.raw"), OPTIONS);
    await mkdir(path.join(host.root, "way-back", BLANK.id), { recursive: true });
    let refusals = 0;
    const away = async () => {
      if (++refusals <= 2) throw new AppError("bus-unreachable");
      return [];
    };
    const { unitStates } = host.systemd;
    host.systemd.unitsByPatterns = away;
    host.systemd.unitStates = async (names) => {
      await away();
      return unitStates.call(host.systemd, names);
    };
    const { intents } = await run.intents.all();
    for (const intent of intents) await recoverDeployment(run, intent);
    expect(run.record.current.outcome).toBe("succeeded");
    expect(refusals).toBeGreaterThan(2);
  });

  it.each([
    ["before portabled was called", async () => undefined, "refused", "web_1.0.raw"],
    [
      "after the files were switched",
      async (host: FakeHost) => {
        await host.systemd.reattachImage(path.join(host.root, "srv/web/web_2.0.raw"), OPTIONS);
      },
      "succeeded",
      "web_2.0.raw",
    ],
    [
      "between portabled's detach and its attach",
      async (host: FakeHost) => {
        host.systemd.mishaps = ["fails-after-detach"];
        await host.systemd
          .reattachImage(path.join(host.root, "srv/web/web_2.0.raw"), OPTIONS)
          .catch(() => undefined);
      },
      "reverted",
      "web_1.0.raw",
    ],
  ] as const)("settles what was open: %s", async (_name, before, outcome, image) => {
    const host = await hostWith({ behaviour: "stays" });
    const open = await prepare(host, (ground) => planDeployment(ground, "2.0"));
    const wayBack = {
      attachment: open.run.plan.attachment,
      choice: CHOICE,
      files: [],
      running: [{ unit: "web.service", invocationId: "1", hadFailed: false }],
      enabled: [],
    };
    await open.run.intents.write(intentOf(open.run, "switching", wayBack, CHOICE));
    await before(host);
    const { intents } = await open.run.intents.all();
    for (const intent of intents) await recoverDeployment(open.run, intent);
    expect(open.run.record.current.outcome).toBe(outcome);
    expect(await attachedImage(host)).toBe(image);
    expect(host.systemd.units.get("web.service")).toMatchObject({
      active: "active",
      image: expect.stringContaining(image),
    });
  });
});

function planOf(ground: Parameters<typeof planDetach>[0]): Plan {
  const planned = planDetach(ground);
  if (!planned.ok) throw new Error(planned.refusal.code);
  return planned.plan;
}
