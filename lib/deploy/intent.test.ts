import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Intent } from "@/lib/deploy/intent";
import { planDeployment } from "@/lib/deploy/plan";
import { runDeployment } from "@/lib/deploy/run";
import { deploy, hostWithImages, prepare, removeHosts, unit } from "@/lib/deploy/web.fixture";

afterEach(removeHosts);

describe("the intent on disk when portabled is asked", () => {
  const EXTRA = { "web-extra.service": "[Service]\n" };

  it.each([
    ["a version with the same units", unit("2.0"), ["web.service"]],
    [
      "a version with one more, which is known only when it was checked",
      { ...unit("2.0"), ...EXTRA },
      ["web-extra.service", "web.service"],
    ],
  ] as const)("says what is taken of %s", async (_name, units, taken) => {
    const host = await hostWithImages({ "web_1.0": { units: unit("1.0") }, "web_2.0": { units } }, [
      "web.service",
    ]);
    const seen: Intent[] = [];
    host.systemd.beforeChange = async () => {
      seen.push(JSON.parse(await readFile(path.join(host.root, "intents/web.json"), "utf8")));
    };
    const { deployment } = await deploy(host, "2.0");
    expect(deployment.outcome).toBe("succeeded");
    expect(seen[0]).toMatchObject({ stage: "switching", deployment: { phase: "switching" } });
    expect(seen[0]?.choice?.units.toSorted()).toEqual(taken);
    const { startedAt, steps = [] } = seen[0]?.deployment ?? {};
    expect(startedAt).toBeGreaterThan(0);
    const before = steps.filter(({ name }) => name === "check" || name === "remember");
    expect(
      before.map(({ outcome }) => outcome),
      "both are over",
    ).toEqual(["done", "done"]);
  });

  it("nothing of it stays where the check refuses", async () => {
    const images = { "web_1.0": { units: unit("1.0") }, "web_2.0": { units: {} } };
    const host = await hostWithImages(images, ["web.service"]);
    const { run, ground } = await prepare(host, (now) => planDeployment(now, "2.0"));
    await runDeployment(run, ground, 0);
    expect(run.record.current.outcome).toBe("refused");
    await run.intents.remove("web");
    expect(await readdir(path.join(host.root, "intents"))).toEqual([]);
  });
});
