import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, expect, it } from "vitest";
import { createDeadMan } from "@/lib/deploy/dead-man";
import { createFakeHost } from "@/lib/deploy/fake-systemd";
import { readAttachment, readGround } from "@/lib/deploy/ground";
import { untilReachable } from "@/lib/deploy/outage";
import { planDeployment, planDetach, planReattach } from "@/lib/deploy/plan";
import { recoverDeployment } from "@/lib/deploy/recover";
import { intentOf, type Run, runDeployment } from "@/lib/deploy/run";
import { BLANK, type FakeHost, makeRun, type Signals } from "@/lib/deploy/run.fixture";
import { layOutWayBack } from "@/lib/deploy/way-back-files";
import { AppError } from "@/lib/errors";

const OPTIONS = { matches: ["web"], profile: "default", location: "persistent" } as const;
const UNITS = { "web.service": "[Service]\n" };
let host: FakeHost;

afterEach(() => rm(host.root, { recursive: true }));

/** A host with two versions of web; `attached`: with which profile the first one is, if at all. */
async function hostWith(attached: string | null, behaviour: "stays" | "dies" = "stays"): Promise<void> {
  host = await createFakeHost({ "web_1.0": { units: UNITS }, "web_2.0": { units: UNITS, behaviour } });
  if (attached) await host.systemd.attachImage(fileOf("1.0"), { ...OPTIONS, profile: attached });
}

it("bug: a version that was attached anew and sent back kept the profile of the attempt", async () => {
  await hostWith("trusted");
  await host.systemd.runJob("start", "web.service");
  const back = new AbortController();
  const run = await begin(
    ({ attachment, ...rest }) =>
      planReattach(
        { ...rest, attachment: attachment && { ...attachment, profile: "default" } },
        fileOf("1.0"),
        ["web.service"],
      ),
    { back: back.signal },
    (phase) => phase === "settling" && back.abort("ada"),
  );
  expect(run.record.current.outcome).toBe("reverted");
  expect(run.record.current.steps.filter(({ name }) => name === "attach")).toHaveLength(2);
  expect(await readlink(attached("web.service.d/10-profile.conf"))).toContain("/trusted/");
});

it("bug: where the reserve could not be let go, nothing was put back", async () => {
  await hostWith("default", "dies");
  await host.systemd.runJob("start", "web.service");
  const run = await begin((ground) => planDeployment(ground, "2.0"), {}, undefined, {
    reserve: { fill: async () => undefined, release: () => Promise.reject(new Error("EROFS")) },
  });
  expect(run.record.current.outcome).toBe("reverted");
  expect((await readAttachment(host, "web"))?.path).toBe(fileOf("1.0"));
});

it.each(["bus-unreachable", "call-failed"] as const)(
  "bug: a way back that had gone well was a case for a person, since its facts were asked for in vain (%s)",
  async (code) => {
    await hostWith("default", "dies");
    await host.systemd.runJob("start", "web.service");
    const { unitStates, version } = host.systemd;
    const isCalledOff = () => existsSync(path.join(host.root, "way-back", `${BLANK.id}.over`));
    let isBack = false;
    host.systemd.version = async () => {
      isBack = isCalledOff();
      return version.call(host.systemd);
    };
    let refused = 0;
    host.systemd.unitStates = async (names) => {
      if (!isCalledOff() || isBack) return unitStates.call(host.systemd, names);
      refused++;
      throw new AppError(code);
    };
    const run = await begin((ground) => planDeployment(ground, "2.0"));
    const { outcome, message } = run.record.current;
    expect([outcome, message?.code, refused > 0]).toEqual(["reverted", "unit-failed", true]);
    expect(message?.params.now ?? "").toBe(code === "bus-unreachable" ? "1.0" : "");
  },
);

it("bug: a PID 1 that took long to answer ended the way back", async () => {
  await hostWith("default");
  const answers = [new AppError("timed-out"), new AppError("bus-unreachable"), null];
  const version = async () => {
    const error = answers.shift();
    if (error) throw error;
    return "257";
  };
  await untilReachable({ version });
  expect(answers).toEqual([]);
});

it("bug: a detach that could not be finished after the engine's death was left as it was", async () => {
  await hostWith("default");
  const ground = await readGround(host, "web", null);
  const planned = planDetach(ground);
  if (!planned.ok) throw new Error(planned.refusal.code);
  const run = makeRun(host, planned.plan);
  const choice = { matches: ["web"], units: ["web.service"] };
  const wayBack = { attachment: ground.attachment, choice, files: [], running: [], enabled: [] };
  await rm(host.paths.attached.persistent, { recursive: true });
  await mkdir(host.paths.attached.persistent);
  const reload = host.systemd.reload.bind(host.systemd);
  host.systemd.reload = async () => {
    host.systemd.reload = reload;
    throw new AppError("call-failed", { name: "org.freedesktop.DBus.Error.AccessDenied" });
  };
  await recoverDeployment(run, intentOf(run, "switching", wayBack, null));
  expect(run.record.current.outcome).toBe("reverted");
  expect((await readAttachment(host, "web"))?.path).toBe(fileOf("1.0"));
});

it('bug: "Go back now" was accepted and lost, during a detach or where nothing ran', async () => {
  await hostWith("default");
  const back = new AbortController();
  host.systemd.beforeChange = async () => back.abort("ada");
  for (const decide of [planDetach, (ground: Ground) => planDeployment(ground, "2.0")]) {
    const run = await begin(decide, { back: back.signal });
    expect([run.record.current.outcome, run.record.current.message?.code]).toEqual(["reverted", "sent-back"]);
    expect((await readAttachment(host, "web"))?.path).toBe(fileOf("1.0"));
  }
});

it('bug: a first attach that left a drop-in behind was called "nothing was changed"', async () => {
  await hostWith(null);
  host.systemd.attachImage = async () => {
    await mkdir(attached("web.service.d"));
    await writeFile(
      attached("web.service.d/20-portable.conf"),
      `# Drop-in created for image '${fileOf("2.0")}', do not edit.`,
    );
    throw new AppError("call-failed", { name: "org.freedesktop.DBus.Error.NoReply" });
  };
  const run = await begin((ground) => planDeployment(ground, "2.0"));
  // Only PID 1 can take them away, which there is none of here: then it is said.
  expect(run.record.current.outcome).toBe("needs-person");
  expect(run.record.current.message?.params.second).toBe("files-left");
  expect(await readdir(host.paths.attached.persistent)).toEqual(["web.service.d"]);
});

it("bug: a first attach that was refused took away a unit of the same name of another service", async () => {
  await hostWith(null);
  host.systemd.attachImage = async () => {
    // Somebody was faster, and portabled refuses: "Unit file exists on the host already".
    await mkdir(attached("web.service.d"));
    await writeFile(
      attached("web.service.d/20-portable.conf"),
      "# Drop-in created for image '/srv/other/other_1.0.raw', do not edit.",
    );
    await writeFile(attached("web.service"), "");
    throw new AppError("call-failed", { name: "org.freedesktop.portable1.UnitExists" });
  };
  const run = await begin((ground) => planDeployment(ground, "2.0"));
  expect(run.record.current.outcome).toBe("refused");
  expect(host.systemd.calls.filter((call) => call.includes("way-back"))).toEqual([]);
});

it("bug: an engine that dies again and again put the way back off without end", async () => {
  await hostWith("default");
  const directory = path.join(host.root, "way-back");
  await mkdir(path.join(directory, "ID"), { recursive: true });
  const deadMan = createDeadMan(directory, host);
  const lives = [];
  for (let life = 1; life <= 4; life++) {
    host.systemd.timers.clear();
    const armed = await deadMan.takeOver("ID");
    lives.push(host.systemd.timers.size);
    await armed?.holdFor(1000); // no more signs of life
  }
  expect(lives).toEqual([1, 1, 1, 0]);
});

it("takes off the host only what is the new version's: not a unit that another service has, but one of which a directory was left", async () => {
  await hostWith("default");
  const names = ["web-left.service", "web-theirs@.service", "web-half.service", "web-new.service"];
  await writeFile(attached("web-obstacle.service.d"), "");
  await mkdir(attached("web-left.service.d"));
  await writeFile(attached("web-theirs@.service"), "");
  await mkdir(attached("web-theirs@.service.d"));
  await writeFile(
    attached("web-theirs@.service.d/20-portable.conf"),
    "# Drop-in created for image '/srv/other/other_1.0.raw', do not edit.",
  );
  await mkdir(attached("web-half.service.d"));
  await writeFile(
    attached("web-half.service.d/20-portable.conf"),
    `# Drop-in created for image '${fileOf("2.0")}', do not edit.`,
  );
  const ground = await readGround(host, "web", null);
  const planned = planDeployment(ground, "2.0");
  if (!planned.ok) throw new Error(planned.refusal.code);
  const choice = { matches: ["web"], units: ["web.service"] };
  const wayBack = { attachment: ground.attachment, choice, files: [], running: [], enabled: [] };
  const place = path.join(host.root, "laid-out");
  await (await layOutWayBack(place, host.paths, planned.plan, wayBack)).complete([
    ...names,
    "web-obstacle.service",
  ]);
  const rows = (await readFile(path.join(place, "list"), "utf8")).split("\n");
  expect(rows.filter((row) => row.startsWith("gone "))).toEqual([
    "gone web-left.service",
    "gone web-half.service",
    "gone web-new.service",
  ]);
});

type Ground = Awaited<ReturnType<typeof readGround>>;

async function begin(
  decide: (ground: Ground) => ReturnType<typeof planDeployment>,
  signals: Signals = {},
  onPhase: (phase: string) => void = () => undefined,
  parts: Partial<Run> = {},
): Promise<Run> {
  const ground = await readGround(host, "web", null);
  const planned = decide(ground);
  if (!planned.ok) throw new Error(planned.refusal.code);
  const run = { ...makeRun(host, planned.plan, signals), ...parts };
  const update = run.record.update;
  run.record.update = (change) => {
    update(change);
    onPhase(run.record.current.phase);
  };
  await runDeployment(run, ground, 0);
  await run.deadMan.forget(run.record.current.id);
  return run;
}

function fileOf(label: string): string {
  return path.join(host.root, `srv/web/web_${label}.raw`);
}

function attached(name: string): string {
  return path.join(host.paths.attached.persistent, name);
}
