import { rm } from "node:fs/promises";
import { afterEach, describe, expect, it } from "vitest";
import { createFakeHost } from "@/lib/deploy/fake-systemd";
import type { FakeHost } from "@/lib/deploy/run.fixture";
import { watchSettle } from "@/lib/deploy/settle";

const UNITS = ["app-init.service", "app.service"];
const hosts: FakeHost[] = [];

afterEach(async () => {
  for (const host of hosts.splice(0)) await rm(host.root, { recursive: true });
});

describe("bug: a unit that is idle and may be hid the fall of another until the end of the window", () => {
  it.each([
    ["a oneshot that is done", { type: "oneshot" }],
    ["a service that waits behind its socket", { triggeredBy: ["app-init.socket"] }],
  ])("%s", async (_, kind) => {
    const host = await appHost();
    host.systemd.kinds.set("app-init.service", kind);
    const fall = await watchSettle(host.systemd, UNITS, 60_000, AbortSignal.timeout(1500), { everyMs: 20 });
    expect(fall).toMatchObject({ unit: "app.service", message: { code: "unit-failed" } });
  });
});

/** `app.service` runs and is about to fall, `app-init.service` does not run. */
async function appHost(): Promise<FakeHost> {
  const units = Object.fromEntries(UNITS.map((unit) => [unit, "[Service]\n"]));
  const host = await createFakeHost({ "app_1.0": { units, behaviour: "dies", diesAfterMs: 100 } });
  hosts.push(host);
  const file = `${host.root}/srv/app/app_1.0.raw`;
  await host.systemd.attachImage(file, { matches: [], profile: "default", location: "persistent" });
  await host.systemd.runJob("start", "app.service");
  return host;
}
