import { rm } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { createFakeHost } from "@/lib/deploy/fake-systemd";
import { readGround } from "@/lib/deploy/ground";
import { type Plan, planDetach } from "@/lib/deploy/plan";
import { decideRecovery, recoverDeployment } from "@/lib/deploy/recover";
import { intentOf } from "@/lib/deploy/run";
import { type FakeHost, makeRun } from "@/lib/deploy/run.fixture";

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

function planOf(ground: Parameters<typeof planDetach>[0]): Plan {
  const planned = planDetach(ground);
  if (!planned.ok) throw new Error(planned.refusal.code);
  return planned.plan;
}
