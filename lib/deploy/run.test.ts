import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createFakeHost, type FakeImage } from "@/lib/deploy/fake-systemd";
import { readGround } from "@/lib/deploy/ground";
import { planDeployment, planDetach, planReattach } from "@/lib/deploy/plan";
import { recoverDeployment } from "@/lib/deploy/recover";
import { intentOf, runDeployment } from "@/lib/deploy/run";
import { BLANK, type FakeHost, makeRun, type Signals } from "@/lib/deploy/run.fixture";
import { AppError } from "@/lib/errors";

const unit = (version: string) => ({
  "web.service": `[Service]\n# ${version}\n[Install]\nWantedBy=multi-user.target\n`,
});
const OTHER: FakeImage = { units: { "other.service": "[Service]\n" } };
const hosts: FakeHost[] = [];

afterEach(async () => {
  for (const host of hosts.splice(0)) await rm(host.root, { recursive: true });
});

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

describe("the way back of PID 1", () => {
  it("is laid out and armed before anything is changed, and called off at the end", async () => {
    const host = await hostWith({ behaviour: "stays" });
    const seen: unknown[] = [];
    host.systemd.beforeChange = async () => {
      const place = path.join(host.root, "way-back", BLANK.id);
      const list = (await readFile(path.join(place, "list"), "utf8")).trim().split("\n");
      seen.push(
        host.systemd.timers.size,
        list.map((row) => row.replaceAll(/\/\S*\//g, "")),
      );
      seen.push(await readFile(path.join(place, "files/2"), "utf8"));
    };
    await deploy(host, "2.0");
    expect(seen).toEqual([
      1,
      [
        "service web",
        "attached system.attached",
        "file 0 10-profile.conf",
        "file 1 20-portable.conf",
        "file 2 web.service",
        "ran web.service 1",
        "image web_2.0.raw",
        "link web_2.0.raw",
      ],
      unit("1.0")["web.service"],
    ]);
    expect(host.systemd.timers).toEqual(new Set());
    expect(await readdir(path.join(host.root, "way-back"))).toEqual([]);
  });

  it("refuses the switch where PID 1 does not arm it", async () => {
    const host = await hostWith({ behaviour: "stays" });
    host.systemd.startTimer = async () => {
      throw new AppError("call-failed", { name: "x", text: "no timers" });
    };
    const { deployment } = await deploy(host, "2.0");
    expect([deployment.outcome, deployment.message?.code]).toEqual(["refused", "call-failed"]);
    expect(host.systemd.calls).toEqual([]);
  });

  it("refuses the switch where PID 1 could not write the old files either", async () => {
    const host = await hostWith({ behaviour: "stays" });
    host.systemd.isReadOnly = true;
    const { deployment } = await deploy(host, "2.0");
    expect([deployment.outcome, deployment.message?.code]).toEqual(["refused", "read-only"]);
    expect(host.systemd.calls).toEqual([]);
  });

  it("wins over an engine that it took for dead", async () => {
    const host = await hostWith({ behaviour: "stays" }, 300);
    const going = deploy(host, "2.0");
    const place = path.join(host.root, "way-back", BLANK.id);
    await expect.poll(() => host.systemd.calls).toContain("restart web.service");
    // What packaging/way-back does.
    await mkdir(path.join(place, "fired"));
    await host.systemd.reattachImage(path.join(host.root, "srv/web/web_1.0.raw"), OPTIONS);
    await host.systemd.runJob("restart", "web.service");
    await writeFile(path.join(place, "result"), "restored\n");
    const { deployment } = await going;
    expect([deployment.outcome, deployment.message?.code]).toEqual(["reverted", "way-back-fired"]);
    expect(await attachedImage(host)).toBe("web_1.0.raw");
  });

  it("bug: a deployment that was refused while it was armed left its timer going", async () => {
    const host = await hostWith({ behaviour: "stays" });
    const { run, ground } = await prepare(host, (now) => planDeployment(now, "2.0"));
    const write: typeof run.intents.write = async (intent) => {
      if (intent.stage === "switching") throw Object.assign(new Error("full"), { code: "ENOSPC" });
      return run.intents.write(intent);
    };
    await runDeployment({ ...run, intents: { ...run.intents, write } }, ground, 0);
    expect([run.record.current.outcome, run.record.current.message?.code]).toEqual(["refused", "no-space"]);
    await expect.poll(() => host.systemd.timers.size).toBe(0);
    await run.deadMan.forget(BLANK.id);
    expect(await readdir(path.join(host.root, "way-back"))).toEqual([]);
  });

  it("bug: a sign of life that was under way when a trial began left its timer behind", async () => {
    const host = await hostWith({ behaviour: "stays" });
    const { run } = await prepare(host, (now) => planDeployment(now, "2.0"));
    await mkdir(path.join(host.root, "way-back", BLANK.id), { recursive: true });
    const armed = await run.deadMan.takeOver(BLANK.id);
    const { startTimer } = host.systemd;
    host.systemd.startTimer = async (name, ms) => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      return startTimer.call(host.systemd, name, ms);
    };
    await Promise.all([armed?.resume(), armed?.holdFor(60_000)]);
    expect(host.systemd.timers.size).toBe(1);
    await armed?.callOff();
    await expect.poll(() => host.systemd.timers.size).toBe(0);
  });

  it("bug: where it could not be called off, what ran was recorded as refused; the old version is back", async () => {
    const host = await hostWith({ behaviour: "stays" });
    host.systemd.beforeChange = async () => {
      // In the place of that name, so that the directory cannot be renamed.
      await mkdir(path.join(host.root, "way-back", `${BLANK.id}.over`, "x"), { recursive: true });
    };
    const { deployment } = await deploy(host, "2.0");
    expect(deployment.outcome).toBe("reverted");
    expect(await attachedImage(host)).toBe("web_1.0.raw");
    expect(host.systemd.timers.size).toBe(0);
  });

  it("bug: what PID 1 began while the engine went back was not waited for", async () => {
    const host = await hostWith({ behaviour: "dies" });
    const place = path.join(host.root, "way-back", BLANK.id);
    let changes = 0;
    let isDone = false;
    host.systemd.unitsByPatterns = async () =>
      [{ name: "attache-way-back@x.service", active: "activating" }] as never;
    host.systemd.beforeChange = async () => {
      if (++changes !== 2) return;
      await mkdir(path.join(place, "fired"));
      setTimeout(async () => {
        await writeFile(path.join(place, "result"), "restored\n");
        isDone = true;
      }, 400);
    };
    const { deployment } = await deploy(host, "2.0");
    expect([deployment.outcome, isDone]).toEqual(["reverted", true]);
  });

  it("bug: the old files were deleted when going back did not work; a person gets them", async () => {
    const host = await hostWith({ behaviour: "dies" });
    await writeFile(
      path.join(host.root, "srv/web/web_1.0.raw"),
      JSON.stringify({ units: unit("1.0"), behaviour: "dies" }),
    );
    const { deployment } = await deploy(host, "2.0");
    expect(deployment.outcome).toBe("needs-person");
    const kept = String(deployment.message?.params.kept);
    expect(kept).toMatch(/\.kept$/);
    expect(await readFile(path.join(kept, "files/2"), "utf8")).toBe(unit("1.0")["web.service"]);
  });

  it("bug: a way back whose intent cannot be read was thrown away; it is run", async () => {
    const host = await hostWith({ behaviour: "stays" });
    const { run } = await prepare(host, (now) => planDeployment(now, "2.0"));
    await mkdir(path.join(host.root, "way-back", BLANK.id), { recursive: true });
    await run.deadMan.bringBack(BLANK.id);
    expect(host.systemd.calls).toContain(`start attache-way-back@${BLANK.id}-0.service`);
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

const CHOICE = { matches: ["web"], units: ["web.service"] };
const OPTIONS = { matches: ["web"], profile: "default", location: "persistent" } as const;

/** A host where web 1.0 and another service run, and web 2.0 behaves as told. */
function hostWith(next: Omit<FakeImage, "units">, settleMs?: number): Promise<FakeHost> {
  const images = { "web_1.0": { units: unit("1.0") }, "web_2.0": { units: unit("2.0"), ...next } };
  return hostWithImages(images, ["web.service"], settleMs);
}

async function hostWithImages(
  images: Readonly<Record<string, FakeImage>>,
  running: readonly string[],
  settleMs?: number,
): Promise<FakeHost> {
  const host = await createFakeHost({ ...images, "other_1.0": OTHER }, settleMs);
  hosts.push(host);
  for (const name of ["web", "other"])
    await host.systemd.attachImage(path.join(host.root, `srv/${name}/${name}_1.0.raw`), {
      ...OPTIONS,
      matches: [name],
    });
  for (const name of [...running, "other.service"]) await host.systemd.runJob("start", name);
  host.systemd.calls.length = 0;
  return host;
}

type Decide = (ground: Awaited<ReturnType<typeof readGround>>) => ReturnType<typeof planDeployment>;

async function prepare(host: FakeHost, decide: Decide, signals: Signals = {}) {
  const ground = await readGround(host, "web", null);
  const planned = decide(ground);
  if (!planned.ok) throw new Error(`refused: ${planned.refusal.code}`);
  return { run: makeRun(host, planned.plan, signals), ground };
}

async function run(host: FakeHost, decide: Decide, signals: Signals = {}) {
  const prepared = await prepare(host, decide, signals);
  await runDeployment(prepared.run, prepared.ground, signals.graceMs ?? 0);
  await prepared.run.deadMan.forget(BLANK.id);
  return { deployment: prepared.run.record.current };
}

function deploy(host: FakeHost, version: string, signals: Signals = {}) {
  return run(host, (ground) => planDeployment(ground, version), signals);
}

async function attachedImage(host: FakeHost): Promise<string | null> {
  const marker = path.join(host.paths.attached.persistent, "web.service.d/20-portable.conf");
  const text = await readFile(marker, "utf8").catch(() => "");
  return /'.*\/([^/']+)'/.exec(text)?.[1] ?? null;
}

async function attachedTree(host: FakeHost, service: string): Promise<Record<string, string>> {
  const directory = host.paths.attached.persistent;
  const names = (await readdir(directory, { recursive: true })).filter((name) => name.startsWith(service));
  const files = await Promise.all(
    names.map(async (name) => [name, await readFile(path.join(directory, name), "utf8").catch(() => "")]),
  );
  return Object.fromEntries(files);
}
