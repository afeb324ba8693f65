import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { type Armed, callOff, runWayBack } from "@/lib/deploy/dead-man";
import { planDeployment } from "@/lib/deploy/plan";
import { runDeployment } from "@/lib/deploy/run";
import { BLANK, type FakeHost } from "@/lib/deploy/run.fixture";
import {
  attachedImage,
  deploy,
  hostWith,
  OPTIONS,
  prepare,
  removeHosts,
  unit,
} from "@/lib/deploy/web.fixture";
import { AppError } from "@/lib/errors";

afterEach(removeHosts);

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
    const commit = () => Promise.reject(Object.assign(new Error("full"), { code: "ENOSPC" }));
    await runDeployment(
      { ...run, intents: { ...run.intents, layAside: async () => ({ commit }) } },
      ground,
      0,
    );
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

describe("the way back of PID 1, taken over by an engine", () => {
  const place = (host: FakeHost) => path.join(host.root, "way-back", BLANK.id);
  const service = `attache-way-back@${BLANK.id}-0.service`;
  async function takenOver(host: FakeHost, { lives = 0 } = {}) {
    const { run } = await prepare(host, (now) => planDeployment(now, "2.0"));
    await mkdir(place(host), { recursive: true });
    await writeFile(path.join(place(host), "lives"), ".".repeat(lives));
    const armed = await run.deadMan.takeOver(BLANK.id);
    if (!armed) throw new Error("there is nothing");
    return { run, armed };
  }

  it("bug: going back after it was called off left a timer that was put off for ever", async () => {
    const host = await hostWith({ behaviour: "stays" });
    const { armed } = await takenOver(host);
    await armed.callOff();
    await armed.resume();
    expect(host.systemd.timers.size).toBe(1);
    expect(await armed.callOff()).toBe(true);
    await expect.poll(() => host.systemd.timers.size).toBe(0);
  });

  it("bug: an engine that died again and again put it off all the same, once it went back", async () => {
    const host = await hostWith({ behaviour: "stays" });
    const { armed } = await takenOver(host, { lives: 3 });
    await armed.resume();
    expect([...host.systemd.timers]).toEqual([expect.stringMatching(/-\d+h1\.timer$/)]);
    await armed.callOff();
  });

  it("bug: going back that was accepted in the last moment began with throwing it away", async () => {
    const host = await hostWith({ behaviour: "stays" });
    const { armed } = await takenOver(host);
    const back = new AbortController();
    const { callOff: real } = armed;
    const late: Armed = {
      ...armed,
      async callOff() {
        const isOver = await real();
        back.abort("somebody");
        return isOver;
      },
    };
    await expect(callOff(late, back.signal)).rejects.toMatchObject({ why: { code: "sent-back" } });
    expect(existsSync(place(host))).toBe(true);
  });

  it("bug: a script that was killed in the middle of it was never started again", async () => {
    const host = await hostWith({ behaviour: "stays" });
    const { armed } = await takenOver(host);
    await mkdir(path.join(place(host), "fired"));
    const { runJob } = host.systemd;
    host.systemd.runJob = async (verb, name) => {
      if (name === service) await writeFile(path.join(place(host), "result"), "restored\n");
      return runJob.call(host.systemd, verb, name);
    };
    await runWayBack(host, armed);
    expect(host.systemd.calls).toContain(`start ${service}`);
  });

  it("bug: others could not switch anything as long as its restarts took", async () => {
    const host = await hostWith({ behaviour: "stays" });
    const { armed } = await takenOver(host);
    host.systemd.unitsByPatterns = async () => [{ name: service, active: "activating" }] as never;
    await mkdir(path.join(place(host), "fired"));
    const order: string[] = [];
    const wayBack = runWayBack(host, armed).then(() => order.push("it is over"));
    const other = host.exclusive(async () => void order.push("another"));
    await writeFile(path.join(place(host), "back"), "");
    await other;
    await writeFile(path.join(place(host), "result"), "restored\n");
    await wayBack;
    expect(order).toEqual(["another", "it is over"]);
  });

  it("bug: one that failed without a deployment was deleted; a person gets its files", async () => {
    const host = await hostWith({ behaviour: "stays" });
    const { run } = await takenOver(host);
    const { over } = await run.deadMan.bringBack(BLANK.id);
    await over;
    expect(await readdir(path.join(host.root, "way-back"))).toEqual([`${BLANK.id}.kept`]);
  });
});
