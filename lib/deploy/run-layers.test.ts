import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createFakeHost, type FakeImage } from "@/lib/deploy/fake-systemd";
import { readGround } from "@/lib/deploy/ground";
import { type Planned, planDeployment, planDetach } from "@/lib/deploy/plan";
import { recoverDeployment } from "@/lib/deploy/recover";
import { intentOf, runDeployment } from "@/lib/deploy/run";
import { type FakeHost, makeRun } from "@/lib/deploy/run.fixture";
import { summarise } from "@/lib/deploy/summary";
import type { Deployment } from "@/lib/deploy/types";

type Decide = (ground: Awaited<ReturnType<typeof readGround>>) => Planned;

const FITS = "ID=fake\nSYSEXT_LEVEL=1\n";
const BASE = { "web.service": "[Service]\n" };
const THEMES = { "web-themes.service": "[Service]\n" };
const IMAGES: Readonly<Record<string, FakeImage>> = {
  "web_1.0": { units: BASE },
  "web_2.0": { units: BASE },
  "web_3.0": { units: BASE, behaviour: "dies" },
  themes_1: { units: THEMES, release: FITS },
  themes_2: { units: THEMES, release: FITS },
  themes_3: { units: THEMES, release: FITS, behaviour: "dies" },
  themes_9: { units: THEMES, release: "ID=fake\nSYSEXT_LEVEL=9\n" },
  fonts_1: { units: {}, release: FITS },
};
const hosts: FakeHost[] = [];

afterEach(async () => {
  for (const host of hosts.splice(0)) await rm(host.root, { recursive: true });
});

describe("a switch of a service with extensions", () => {
  it("of the base keeps the layers, in order", async () => {
    const host = await extended();
    const deployment = await deploy(host, "2.0");
    expect([deployment.outcome, deployment.kind]).toEqual(["succeeded", "upgrade"]);
    expect(await marker(host)).toBe("web_2.0.raw:fonts_1.raw:themes_1.raw");
    expect(summarise(deployment)).not.toHaveProperty("layers");
  });

  it("of one layer keeps the base and the other layers", async () => {
    const host = await extended();
    const deployment = await deploy(host, "1.0", { themes: "2" });
    expect([deployment.outcome, deployment.kind]).toEqual(["succeeded", "upgrade"]);
    expect(await marker(host)).toBe("web_1.0.raw:fonts_1.raw:themes_2.raw");
    expect(summarise(deployment).layers).toEqual([{ stem: "themes", from: "1", to: "2" }]);
    for (const unit of ["web.service", "web-themes.service"])
      expect(host.systemd.units.get(unit)?.image).toContain("themes_2.raw");
    expect((await deploy(host, "1.0", { themes: "1" })).kind).toBe("rollback");
  });

  it("of both is one switch", async () => {
    const host = await extended();
    expect((await deploy(host, "2.0", { themes: "2" })).outcome).toBe("succeeded");
    expect(await marker(host)).toBe("web_2.0.raw:fonts_1.raw:themes_2.raw");
    expect(host.systemd.calls.filter((call) => call === "reattach")).toHaveLength(1);
  });

  it.each([
    ["the new base dies", "3.0", {}, [], "unit-failed"],
    ["the new layer dies", "1.0", { themes: "3" }, [], "unit-failed"],
    ["portabled fails after it has detached", "2.0", {}, ["fails-after-detach"], "call-failed"],
    ["portabled dies after the first unit", "1.0", { themes: "2" }, ["half-attached"], "incomplete"],
  ] as const)("comes back with its layers when %s", async (_name, version, layers, mishaps, code) => {
    const host = await extended();
    const before = await drop(host);
    host.systemd.mishaps = [...mishaps];
    const deployment = await deploy(host, version, layers);
    expect(deployment.outcome).toBe("reverted");
    if (code !== "incomplete") expect(deployment.message?.code).toBe(code);
    expect(await drop(host)).toBe(before);
  });

  it("to a layer that does not fit is refused, and nothing is changed", async () => {
    const host = await extended();
    const before = await drop(host);
    const deployment = await deploy(host, "1.0", { themes: "9" });
    expect([deployment.outcome, deployment.message]).toEqual([
      "refused",
      {
        code: "layer-problem",
        params: expect.objectContaining({
          problem: "layer-mismatch",
          layer: path.join(host.root, "opt/themes_9.raw"),
          path: path.join(host.root, "srv/web/web_1.0.raw"),
        }),
      },
    ]);
    expect(await drop(host)).toBe(before);
    expect(host.systemd.calls).toEqual([]);
  });

  it("keeps how freely release files may be named", async () => {
    const host = await extended(true);
    const before = await drop(host);
    expect((await deploy(host, "3.0")).outcome).toBe("reverted");
    expect(await drop(host)).toBe(before);
    expect(before).toContain("relax-extension-release-check");
  });

  it("repairs another service with its layers", async () => {
    const host = await extended();
    const before = await drop(host);
    await host.systemd.attachImage(path.join(host.root, "srv/other/other_1.0.raw"), {
      ...OPTIONS,
      matches: ["other"],
    });
    host.systemd.mishaps = [null, "lost-reply-after"];
    host.systemd.beforeChange = async () => {
      host.systemd.beforeChange = async () => undefined;
      const file = path.join(host.root, "srv/web/web_1.0.raw");
      await host.systemd.detachImage(file, "persistent", layersOf(host));
    };
    const deployment = await run(host, (ground) => planDetach(ground), "other");
    expect(deployment.steps.map(({ name }) => name)).toContain("repair");
    expect(await drop(host)).toBe(before);
  });

  it("detaches by the same layers in the same order, also when the file of one is gone", async () => {
    for (const isGone of [false, true]) {
      const host = await extended();
      if (isGone) await rm(path.join(host.root, "opt/themes_1.raw"));
      expect((await run(host, (ground) => planDetach(ground))).outcome).toBe("succeeded");
      expect(await marker(host)).toBe("");
    }
  });

  it("is not planned while the file of a layer is gone, or for a layer that is not there", async () => {
    const host = await extended();
    const refusalOf = async (layers: Readonly<Record<string, string>>) => {
      const planned = planDeployment(await readGround(host, "web", null), "1.0", "1.0", { layers });
      return planned.ok ? null : planned.refusal.code;
    };
    expect(await refusalOf({})).toBe("already-current");
    expect(await refusalOf({ themes: "1" })).toBe("already-current");
    expect(await refusalOf({ themes: "5" })).toBe("unknown-version");
    expect(await refusalOf({ icons: "1" })).toBe("unknown-layer");
    await rm(path.join(host.root, "opt/fonts_1.raw"));
    expect(await refusalOf({ themes: "2" })).toBe("layer-missing");
  });

  it.each([
    ["before portabled was called", async () => undefined, "refused", "themes_1"],
    [
      "after the files were switched",
      async (host: FakeHost) => {
        const extensions = [layersOf(host)[0] ?? "", path.join(host.root, "opt/themes_2.raw")];
        await host.systemd.reattachImage(path.join(host.root, "srv/web/web_1.0.raw"), {
          ...OPTIONS,
          layering: { extensions, isRelaxed: false },
        });
      },
      "succeeded",
      "themes_2",
    ],
    [
      "between portabled's detach and its attach",
      async (host: FakeHost) => {
        await host.systemd.detachImage(
          path.join(host.root, "srv/web/web_1.0.raw"),
          "persistent",
          layersOf(host),
        );
      },
      "reverted",
      "themes_1",
    ],
  ] as const)("settles after the engine's death %s", async (_name, before, outcome, layer) => {
    const host = await extended();
    const { run: open } = await prepare(host, (ground) =>
      planDeployment(ground, "1.0", "1.0", { layers: { themes: "2" } }),
    );
    const choice = { matches: ["web"], units: ["web-themes.service", "web.service"] };
    const running = choice.units.map((unit) => ({
      unit,
      invocationId: String(host.systemd.units.get(unit)?.invocation),
      hadFailed: false,
    }));
    const wayBack = { attachment: open.plan.attachment, choice, files: [], running, enabled: [] };
    await open.intents.write(intentOf(open, "switching", wayBack, choice));
    await before(host);
    const { intents } = await open.intents.all();
    for (const intent of intents) await recoverDeployment(open, intent);
    expect(open.record.current.outcome).toBe(outcome);
    expect(await marker(host)).toBe(`web_1.0.raw:fonts_1.raw:${layer}.raw`);
  });
});

const OPTIONS = { matches: ["web"], profile: "default", location: "persistent" } as const;

function layersOf(host: FakeHost): string[] {
  return ["fonts_1", "themes_1"].map((name) => path.join(host.root, `opt/${name}.raw`));
}

/** A host where web 1.0 runs with two extensions. */
async function extended(isRelaxed = false): Promise<FakeHost> {
  const host = await createFakeHost({ ...IMAGES, "other_1.0": { units: { "other.service": "" } } });
  hosts.push(host);
  await writeFile(path.join(host.root, "opt/README"), "no image");
  await host.systemd.attachImage(path.join(host.root, "srv/web/web_1.0.raw"), {
    ...OPTIONS,
    layering: { extensions: layersOf(host), isRelaxed },
  });
  for (const unit of ["web.service", "web-themes.service"]) await host.systemd.runJob("start", unit);
  host.systemd.calls.length = 0;
  return host;
}

async function prepare(host: FakeHost, decide: Decide, service = "web") {
  const ground = await readGround(host, service, null);
  const planned = decide(ground);
  if (!planned.ok) throw new Error(`refused: ${planned.refusal.code}`);
  return { run: makeRun(host, planned.plan), ground };
}

async function run(host: FakeHost, decide: Decide, service?: string): Promise<Deployment> {
  const prepared = await prepare(host, decide, service);
  await runDeployment(prepared.run, prepared.ground, 0);
  await prepared.run.deadMan.forget(prepared.run.record.current.id);
  return prepared.run.record.current;
}

function deploy(host: FakeHost, version: string, layers: Readonly<Record<string, string>> = {}) {
  return run(host, (ground) => planDeployment(ground, version, undefined, { layers: layers ?? {} }));
}

/** The drop-in as portabled would have written it. */
function drop(host: FakeHost): Promise<string> {
  const file = path.join(host.paths.attached.persistent, "web.service.d/20-portable.conf");
  return readFile(file, "utf8").catch(() => "");
}

/** Names of the files in the marker line. */
async function marker(host: FakeHost): Promise<string> {
  const images = /'(.+)'/.exec(await drop(host))?.[1] ?? "";
  return images
    .split(":")
    .map((file) => path.basename(file))
    .join(":");
}
