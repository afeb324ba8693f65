import { rm } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createDeadMan } from "@/lib/deploy/dead-man";
import { createFakeHost } from "@/lib/deploy/fake-systemd";
import { createIntents } from "@/lib/deploy/intent";
import type { FakeHost } from "@/lib/deploy/run.fixture";
import { deployMany } from "@/lib/engine/deploy-many";
import { createHolds } from "@/lib/engine/holds";
import { createIds } from "@/lib/engine/ids";
import { AppError } from "@/lib/errors";

let host: FakeHost;

afterEach(() => rm(host.root, { recursive: true }));

describe("a batch of which one is refused", () => {
  it("bug: the others were on record as waiting for ever", async () => {
    const { holds, told } = await engine();
    const reply = await deploy(holds, "9.9", true);
    expect(reply).toMatchObject({
      value: { begun: [], refused: [{ service: "next", why: { code: "unknown-version" } }] },
    });
    expect(told).toEqual([]);
    expect(holds.held.size).toBe(0);
  });

  it("tells of the others where they are to go on", async () => {
    const { holds, told } = await engine();
    const reply = await deploy(holds, "9.9", false);
    expect(reply).toMatchObject({ value: { begun: [{ service: "web" }], refused: [{ service: "next" }] } });
    await expect.poll(() => holds.held.size, { timeout: 10_000 }).toBe(0);
    expect(new Set(told)).toEqual(new Set(["web"]));
  });

  it("bug: the others stayed claimed where the host could not be read for one", async () => {
    const { holds } = await engine();
    const claim: typeof holds.claim = (asked, decide) =>
      asked.service === "next" ? Promise.reject(new AppError("timed-out")) : holds.claim(asked, decide);
    expect(await deploy({ ...holds, claim }, "2.0", true)).toMatchObject({
      value: { begun: [], refused: [{ service: "next", why: { code: "timed-out" } }] },
    });
    expect(holds.held.size).toBe(0);
  });
});

it("who asked for a batch finds all of it on record", async () => {
  const saved: string[] = [];
  const save = async ({ service }: { service: string }) => {
    await new Promise((resolve) => setTimeout(resolve, 30));
    saved.push(service);
  };
  const { holds } = await engine(save);
  expect(await deploy(holds, "2.0", false)).toMatchObject({ value: { begun: [{}, {}] } });
  expect(new Set(saved)).toEqual(new Set(["web", "next"]));
  await expect.poll(() => holds.held.size, { timeout: 5000 }).toBe(0);
});

/** `told`: the service of each record that was published or saved. */
async function engine(save?: (deployment: { service: string }) => Promise<void>) {
  const image = (name: string) => ({ units: { [`${name}.service`]: "[Service]\n" } });
  const images = ["web_1.0", "web_2.0", "next_1.0", "next_2.0"];
  host = await createFakeHost(
    Object.fromEntries(images.map((name) => [name, image(name.split("_")[0] ?? "")])),
  );
  for (const name of ["web", "next"])
    await host.systemd.attachImage(path.join(host.root, `srv/${name}/${name}_1.0.raw`), {
      matches: [name],
      profile: "default",
      location: "persistent",
    });
  const told: string[] = [];
  const holds = createHolds({
    host,
    intents: createIntents(path.join(host.root, "intents")),
    deadMan: createDeadMan(path.join(host.root, "way-back"), host),
    reserve: { release: async () => undefined, fill: async () => undefined },
    journal: {
      save: save ?? (async ({ service }) => void told.push(service)),
      setReason: async () => undefined,
      finished: () => undefined,
    },
    orders: { learn: () => undefined },
    graceMs: 0,
    newId: createIds(null),
    publish: ({ service }) => void told.push(service),
    settled: async () => undefined,
    freed: () => undefined,
  });
  return { holds, told };
}

function deploy(
  holds: Pick<ReturnType<typeof createHolds>, "claim">,
  version: string,
  stopAtFailure: boolean,
) {
  const targets = [
    { service: "web", version: "2.0", expected: "1.0" },
    { service: "next", version, expected: "1.0" },
  ];
  return deployMany(holds.claim, { targets, stopAtFailure, by: "test" }, "batch", () =>
    host.systemd.reload(),
  );
}
