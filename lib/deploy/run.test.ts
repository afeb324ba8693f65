import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { planDetach, planReattach, planRestart } from "@/lib/deploy/plan";
import type { FakeHost } from "@/lib/deploy/run.fixture";
import {
  attachedImage,
  attachedTree,
  deploy,
  hostWith,
  hostWithImages,
  OPTIONS,
  removeHosts,
  run,
  unit,
} from "@/lib/deploy/web.fixture";
import { AppError } from "@/lib/errors";

afterEach(removeHosts);

describe("a switch on a host that misbehaves on cue", () => {
  it("upgrades, and says it stays up", async () => {
    const host = await hostWith({ behaviour: "stays" });
    const { deployment } = await deploy(host, "2.0");
    expect([deployment.outcome, deployment.kind]).toEqual(["succeeded", "upgrade"]);
    expect(await attachedImage(host)).toBe("web_2.0.raw");
    expect(host.systemd.units.get("web.service")?.image).toMatch(/web_2\.0\.raw$/);
  });

  it.each([
    ["the new version dies after a moment", { behaviour: "dies" }, [], "unit-failed"],
    ["the start job of the new version fails", { behaviour: "refuses" }, [], "job-failed"],
    ["reattach fails after it has detached", { behaviour: "stays" }, ["fails-after-detach"], "call-failed"],
  ] as const)("brings the old version back when %s", async (_name, image, mishaps, code) => {
    const host = await hostWith(image);
    host.systemd.mishaps = [...mishaps];
    const { deployment } = await deploy(host, "2.0");
    expect([deployment.outcome, deployment.message?.code]).toEqual(["reverted", code]);
    expect(await attachedImage(host)).toBe("web_1.0.raw");
    expect(host.systemd.units.get("web.service")).toMatchObject({
      active: "active",
      image: expect.stringMatching(/web_1\.0/),
    });
  });

  it("leaves the old process alone when only the files were lost", async () => {
    const host = await hostWith({ behaviour: "stays" });
    const before = host.systemd.units.get("web.service")?.invocation;
    host.systemd.mishaps = ["fails-after-detach"];
    await deploy(host, "2.0");
    expect(host.systemd.units.get("web.service")?.invocation).toBe(before);
    expect(host.systemd.calls).toContain("attach --force");
  });

  it("goes on when the reply was lost but the switch was made", async () => {
    const host = await hostWith({ behaviour: "stays" });
    host.systemd.mishaps = ["lost-reply-after"];
    const { deployment } = await deploy(host, "2.0");
    expect(deployment.outcome).toBe("succeeded");
    expect(await attachedImage(host)).toBe("web_2.0.raw");
  });

  it.each(["lost-reply-before", "fails-before"] as const)(
    "says that nothing changed after %s",
    async (mishap) => {
      const host = await hostWith({ behaviour: "stays" });
      host.systemd.mishaps = [mishap];
      const { deployment } = await deploy(host, "2.0");
      expect(deployment.outcome).toBe("refused");
      expect(await attachedImage(host)).toBe("web_1.0.raw");
      expect(host.systemd.calls.filter((call) => call.startsWith("restart"))).toEqual([]);
    },
  );

  it("comes back when the image breaks between check and reattach", async () => {
    const host = await hostWith({ behaviour: "stays" });
    host.systemd.beforeChange = async () =>
      writeFile(path.join(host.root, "srv/web/web_2.0.raw"), "random bytes");
    const { deployment } = await deploy(host, "2.0");
    expect(deployment.outcome).toBe("reverted");
    expect(await attachedImage(host)).toBe("web_1.0.raw");
  });

  it("bug: a bus that is away on the way back was a case for a person; it is waited for", async () => {
    const host = await hostWith({ behaviour: "refuses" });
    const { reload, version } = host.systemd;
    let reloads = 0;
    let outages = 0;
    host.systemd.reload = async () => {
      if (++reloads === 2) throw new AppError("bus-unreachable");
      return reload.call(host.systemd);
    };
    host.systemd.version = async () => {
      if (reloads === 2 && ++outages < 4) throw new AppError("bus-unreachable");
      return version.call(host.systemd);
    };
    const { deployment } = await deploy(host, "2.0");
    expect([deployment.outcome, outages]).toEqual(["reverted", 4]);
    expect(host.systemd.units.get("web.service")?.image).toMatch(/web_1\.0/);
  });

  it("bug: one refused call on the way back was a case for a person; it is tried again", async () => {
    const host = await hostWith({ behaviour: "refuses" });
    const { reload } = host.systemd;
    let reloads = 0;
    host.systemd.reload = async () => {
      if (++reloads === 2) throw new AppError("call-failed", { name: "x", text: "not now" });
      return reload.call(host.systemd);
    };
    expect((await deploy(host, "2.0")).deployment.outcome).toBe("reverted");
  });

  it("bug: a way back that was tried again left link and process of a unit that only the new version has", async () => {
    const extra = { "web-extra.service": "[Service]\n[Install]\nWantedBy=multi-user.target\n" };
    const images = {
      "web_1.0": { units: unit("1.0") },
      "web_2.0": { units: { ...unit("2.0"), ...extra }, behaviour: "dies" as const },
    };
    const host = await hostWithImages(images, ["web.service"]);
    await host.systemd.enableUnits(["web.service"]);
    const { reload } = host.systemd;
    let reloads = 0;
    host.systemd.reload = async () => {
      if (++reloads === 3) throw new AppError("bus-unreachable"); // the old files are there already
      return reload.call(host.systemd);
    };
    expect((await deploy(host, "2.0")).deployment.outcome).toBe("reverted");
    expect(host.systemd.calls).toContain("enable web-extra.service");
    const wants = path.join(host.paths.unitLinks.persistent, "multi-user.target.wants");
    expect(await readdir(wants)).toEqual(["web.service"]);
    expect(host.systemd.units.has("web-extra.service")).toBe(false);
  });

  it("tries again when the first way back fails too", async () => {
    const host = await hostWith({ behaviour: "stays" });
    host.systemd.mishaps = ["fails-after-detach", "fails-before"];
    const { deployment } = await deploy(host, "2.0");
    expect(deployment.outcome).toBe("reverted");
  });

  it("asks for a person when the old version does not come back either", async () => {
    const host = await hostWith({ behaviour: "dies" });
    await writeFile(
      path.join(host.root, "srv/web/web_1.0.raw"),
      JSON.stringify({ units: unit("1.0"), behaviour: "dies" }),
    );
    const { deployment } = await deploy(host, "2.0");
    expect([deployment.outcome, deployment.message?.code]).toEqual(["needs-person", "could-not-go-back"]);
    expect(deployment.message?.params).toMatchObject({
      first: "unit-failed",
      second: "unit-failed",
      now: "1.0",
    });
    expect(deployment.log.map((line) => line.text)).toEqual(["it broke"]);
  });

  it("puts back the files of another service that portabled took", async () => {
    const host = await hostWith({ behaviour: "stays" });
    const before = await attachedTree(host, "other");
    host.systemd.mishaps = ["takes-others"];
    const { deployment } = await deploy(host, "2.0");
    expect(deployment.outcome).toBe("succeeded");
    expect(deployment.steps.map((step) => step.name)).toContain("repair");
    expect(await attachedTree(host, "other")).toEqual(before);
  });

  it.each([
    ["failed", "fails-before", "call-failed"],
    ["worked", null, "not-found"],
  ] as const)(
    "bug: one that cannot be put back dropped the others, and why the switch failed (the switch %s)",
    async (_, mishap, code) => {
      const host = await hostWith({ behaviour: "stays" });
      const before = await attachedTree(host, "other");
      const imageOf = (name: string) => path.join(host.root, `srv/${name}/${name}_1.0.raw`);
      await mkdir(path.dirname(imageOf("aside")), { recursive: true });
      await writeFile(imageOf("aside"), JSON.stringify({ units: { "aside.service": "[Service]\n" } }));
      await host.systemd.attachImage(imageOf("aside"), { ...OPTIONS, matches: ["aside"] });
      const { reattachImage } = host.systemd;
      host.systemd.reattachImage = async (...call) => {
        host.systemd.reattachImage = reattachImage;
        for (const name of ["aside", "other"]) await host.systemd.detachImage(imageOf(name), "persistent");
        await rm(imageOf("aside"));
        host.systemd.mishaps = [mishap];
        const { updated } = await reattachImage.apply(host.systemd, call);
        const removed = ["aside", "other"].map((name) => ({
          type: "unlink" as const,
          path: path.join(host.paths.attached.persistent, `${name}.service`),
          source: "",
        }));
        return { removed, updated };
      };
      const { deployment } = await deploy(host, "2.0");
      expect([deployment.outcome, deployment.message?.code]).toEqual(["reverted", code]);
      const repairs = deployment.steps.filter(({ name }) => name === "repair");
      expect(repairs.map((step) => [step.params.service, step.outcome])).toEqual([
        ["aside", "failed"],
        ["other", "done"],
      ]);
      expect(await attachedTree(host, "other")).toEqual(before);
      expect(await attachedImage(host)).toBe("web_1.0.raw");
    },
  );

  it("does not start a service that was stopped on purpose", async () => {
    const host = await hostWith({ behaviour: "stays" });
    host.systemd.units.delete("web.service");
    const { deployment } = await deploy(host, "2.0");
    expect([deployment.outcome, deployment.message?.code]).toEqual(["succeeded", "nothing-ran"]);
    expect(host.systemd.units.has("web.service")).toBe(false);
  });

  it("starts a service that had failed, which is why one upgrades it", async () => {
    const host = await hostWith({ behaviour: "stays" });
    const old = host.systemd.units.get("web.service");
    if (old) old.active = "failed";
    const { deployment } = await deploy(host, "2.0");
    expect(deployment.outcome).toBe("succeeded");
    expect(host.systemd.units.get("web.service")?.active).toBe("active");
  });

  it("changes nothing when it is cancelled while it waits", async () => {
    const host = await hostWith({ behaviour: "stays" });
    const cancel = AbortSignal.timeout(30);
    const { deployment } = await deploy(host, "2.0", { graceMs: 5000, cancel });
    expect(deployment.outcome).toBe("cancelled");
    expect(host.systemd.calls).toEqual([]);
  });

  it("bug: what was cancelled in the last moment of the grace period went ahead", async () => {
    const host = await hostWith({ behaviour: "stays" });
    const cancel = new AbortController();
    const readAgain = host.inspect;
    // The second look after the grace period: nothing is being waited for any more, nothing is changed yet.
    host.inspect = async (version) => {
      if (performance.now() > end) cancel.abort("ada");
      return readAgain(version);
    };
    const end = performance.now() + 50;
    const { deployment } = await deploy(host, "2.0", { graceMs: 50, cancel: cancel.signal });
    expect([deployment.outcome, deployment.message?.params.by]).toEqual(["cancelled", "ada"]);
    expect(host.systemd.calls).toEqual([]);
  });

  it("goes back at once when asked while it settles", async () => {
    const host = await hostWith({ behaviour: "stays" }, 1000);
    const { deployment } = await deploy(host, "2.0", { back: AbortSignal.timeout(100) });
    expect([deployment.outcome, deployment.message?.code]).toEqual(["reverted", "sent-back"]);
    expect(await attachedImage(host)).toBe("web_1.0.raw");
  });

  it("goes back as soon as somebody will not wait for a job any longer, and ends what hangs", async () => {
    const host = await hostWith({ behaviour: "hangs" });
    const back = new AbortController();
    const going = deploy(host, "2.0", { back: back.signal });
    await expect.poll(() => host.systemd.calls).toContain("restart web.service");
    back.abort("ada");
    const { deployment } = await going;
    expect([deployment.outcome, deployment.message]).toMatchObject([
      "reverted",
      { code: "broken-off", params: { by: "ada", unit: "web.service" } },
    ]);
    expect(host.systemd.calls).toContain("kill web.service");
    expect(await attachedImage(host)).toBe("web_1.0.raw");
  });

  it("detaches a first attach that does not stay up", async () => {
    const host = await hostWith({ behaviour: "dies" });
    await host.systemd.detachImage(path.join(host.root, "srv/web/web_1.0.raw"), "persistent");
    host.systemd.units.delete("web.service");
    const { deployment } = await deploy(host, "2.0");
    expect([deployment.outcome, deployment.kind]).toEqual(["reverted", "attach"]);
    expect(await attachedTree(host, "web")).toEqual({});
    expect(host.systemd.calls).toContain("disable web.service");
  });

  it("detaches, and starts again what ran when that fails", async () => {
    const host = await hostWith({ behaviour: "stays" });
    host.systemd.mishaps = ["fails-before"];
    const first = await run(host, (ground) => planDetach(ground));
    expect(first.deployment.outcome).toBe("reverted");
    expect(host.systemd.units.get("web.service")?.active).toBe("active");
    const second = await run(host, (ground) => planDetach(ground));
    expect(second.deployment.outcome).toBe("succeeded");
    expect(await attachedTree(host, "web")).toEqual({});
  });
});

describe("bug: units that are not one plain daemon", () => {
  const TWO = { "web-a.service": "[Service]\n", "web-b.service": "[Service]\n" };

  it.each([
    ["writes the files anew and restarts what ran", [], "succeeded"],
    [
      "has the files there in the end, when it fails after it has detached",
      ["fails-after-detach"],
      "reverted",
    ],
  ] as const)("attaching the same version anew %s", async (_name, mishaps, outcome) => {
    const host = await hostWith({ behaviour: "stays" });
    const tree = await attachedTree(host, "web");
    await writeFile(path.join(host.paths.attached.persistent, "web.service"), "# edited");
    host.systemd.mishaps = [...mishaps];
    const { deployment } = await run(host, (ground) =>
      planReattach(ground, ground.attachment?.path ?? "", ground.attachment?.units ?? []),
    );
    expect([deployment.outcome, deployment.kind]).toEqual([outcome, "reattach"]);
    expect(await attachedTree(host, "web")).toEqual(tree);
    expect(host.systemd.units.get("web.service")).toMatchObject({ active: "active" });
  });

  it("half an image is not an upgrade: portabled died after the first unit", async () => {
    const host = await hostWithImages(
      { "web_1.0": { units: TWO }, "web_2.0": { units: TWO } },
      Object.keys(TWO),
    );
    host.systemd.mishaps = ["half-attached"];
    const { deployment } = await deploy(host, "2.0");
    expect(deployment.outcome).toBe("reverted");
    for (const unit of Object.keys(TWO))
      expect(host.systemd.units.get(unit)).toMatchObject({
        active: "active",
        image: expect.stringMatching(/web_1/),
      });
  });

  it("a service whose only unit has another name goes on running", async () => {
    const images = {
      "web_1.0": { units: { "web.service": "" } },
      "web_2.0": { units: { "web-server.service": "" } },
    };
    const host = await hostWithImages(images, ["web.service"]);
    const { deployment } = await deploy(host, "2.0");
    expect([deployment.outcome, deployment.message?.code]).toEqual(["succeeded", "stays-up"]);
    expect(host.systemd.units.get("web-server.service")?.active).toBe("active");
    expect(host.systemd.units.has("web.service")).toBe(false);
  });

  it("a failed service that fails again with the new version is no success", async () => {
    const host = await hostWith({ behaviour: "dies" });
    const old = host.systemd.units.get("web.service");
    if (old) old.active = "failed";
    const { deployment } = await deploy(host, "2.0");
    expect([deployment.outcome, deployment.message?.code]).toEqual(["reverted", "unit-failed"]);
    expect(await attachedImage(host)).toBe("web_1.0.raw");
  });

  it("a oneshot that failed or is at work is left to its timer", async () => {
    for (const active of ["failed", "activating"]) {
      const host = await hostWith({ behaviour: "dies" });
      host.systemd.kinds.set("web.service", { type: "oneshot", triggeredBy: ["web.timer"] });
      const job = host.systemd.units.get("web.service");
      if (job) job.active = active;
      const { deployment } = await deploy(host, "2.0");
      expect(deployment.outcome).toBe("succeeded");
      expect(host.systemd.calls.filter((call) => /^(re)?start/.test(call))).toEqual([]);
    }
  });

  it("what was enabled is enabled again after a detach that failed", async () => {
    const host = await hostWith({ behaviour: "stays" });
    await host.systemd.enableUnits(["web.service"]);
    host.systemd.mishaps = ["fails-before"];
    const { deployment } = await run(host, (ground) => planDetach(ground));
    expect(deployment.outcome).toBe("reverted");
    expect(host.systemd.calls.at(-1)).not.toMatch(/^disable/);
    expect(await readdir(path.join(host.paths.unitLinks.persistent, "multi-user.target.wants"))).toEqual([
      "web.service",
    ]);
  });

  it("what somebody else attached during the grace period is not undone", async () => {
    const host = await hostWith({ behaviour: "stays" });
    const going = deploy(host, "2.0", { graceMs: 200 });
    await host.systemd.detachImage(path.join(host.root, "srv/web/web_1.0.raw"), "persistent");
    const { deployment } = await going;
    expect([deployment.outcome, deployment.message?.code]).toEqual(["refused", "stale"]);
    expect(await attachedImage(host)).toBe(null);
  });
});

describe("a version on trial", () => {
  it.each([
    ["stays when somebody keeps it", "keep", "succeeded", "kept", "web_2.0.raw"],
    ["goes back when told to", "back", "reverted", "sent-back", "web_1.0.raw"],
  ] as const)("%s", async (_name, said, outcome, code, image) => {
    const host = await hostWith({ behaviour: "stays" });
    const word = new AbortController();
    const going = deploy(host, "2.0", { [said]: word.signal, trialMs: 60_000 });
    const intent = () => readFile(path.join(host.root, "intents/web.json"), "utf8").catch(() => "");
    await expect.poll(intent).toMatch(/"stage":\s*"trial"/);
    word.abort("ada");
    const { deployment } = await going;
    expect([deployment.outcome, deployment.message?.code]).toEqual([outcome, code]);
    expect(await attachedImage(host)).toBe(image);
    expect(host.systemd.timers).toEqual(new Set());
  });

  it("goes back at its end", async () => {
    const host = await hostWith({ behaviour: "stays" });
    const { deployment } = await deploy(host, "2.0", { trialMs: 400 });
    expect([deployment.outcome, deployment.message?.code]).toEqual(["reverted", "trial-over"]);
    expect(await attachedImage(host)).toBe("web_1.0.raw");
    expect(host.systemd.timers).toEqual(new Set());
  });

  it("goes back when it falls before its end", async () => {
    const host = await hostWith({ behaviour: "dies", diesAfterMs: 300 });
    const { deployment } = await deploy(host, "2.0", { trialMs: 60_000 });
    expect([deployment.outcome, deployment.message?.code]).toEqual(["reverted", "unit-failed"]);
  });
});

describe("a wall clock that is set in the middle of it", () => {
  const YEAR = 365 * 24 * 3600 * 1000;
  it.each([
    ["forward a year", YEAR],
    ["back a year", -YEAR],
  ] as const)("%s changes no verdict", async (_name, shift) => {
    const real = Date.now;
    const setClock = (host: FakeHost) => {
      host.systemd.beforeChange = async () => {
        vi.spyOn(Date, "now").mockImplementation(() => real() + shift);
      };
    };
    try {
      const good = await hostWith({ behaviour: "stays" }, 200);
      setClock(good);
      expect((await deploy(good, "2.0")).deployment.outcome).toBe("succeeded");
      vi.restoreAllMocks();
      const bad = await hostWith({ behaviour: "dies", diesAfterMs: 100 }, 400);
      setClock(bad);
      expect((await deploy(bad, "2.0")).deployment.message?.code).toBe("unit-failed");
      vi.restoreAllMocks();
      const tried = await hostWith({ behaviour: "stays" });
      setClock(tried);
      const began = performance.now();
      const { deployment } = await deploy(tried, "2.0", { trialMs: 600 });
      expect(deployment.message?.code).toBe("trial-over");
      expect(performance.now() - began).toBeGreaterThan(600);
    } finally {
      vi.restoreAllMocks();
    }
  });
});

describe("bug: a restart of which PID 1 said nothing was a case for a person", () => {
  it.each([
    ["done", true, "succeeded"],
    ["not done", false, "refused"],
  ] as const)("it was %s", async (_name, isDone, outcome) => {
    const host = await hostWith({ behaviour: "stays" });
    const before = host.systemd.units.get("web.service")?.invocation;
    const { runJob } = host.systemd;
    host.systemd.runJob = async (verb, unit) => {
      if (isDone) await runJob.call(host.systemd, verb, unit);
      throw new AppError("call-failed", { name: "org.freedesktop.DBus.Error.NoReply", text: "away" });
    };
    const { deployment } = await run(host, (ground) => planRestart(ground, null));
    expect(deployment.outcome).toBe(outcome);
    expect(host.systemd.units.get("web.service")?.invocation === before).toBe(!isDone);
  });
});
