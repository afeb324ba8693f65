import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Deployment } from "@/lib/deploy/types";
import { aDeployment, createScratch, type Scratch } from "@/lib/history/fixtures";
import { createRecorder } from "@/lib/history/recorder";
import { layerKey, type VersionFacts, versionFacts } from "@/lib/history/version-facts";

let scratch: Scratch;
beforeAll(() => {
  scratch = createScratch();
});
afterAll(() => scratch.remove());

const version = (label: string | null, theme: string | null = null) =>
  label === null
    ? null
    : {
        label,
        path: `/srv/x/x_${label}.raw`,
        size: 1,
        mtimeMs: 1,
        sha256: null,
        ...(theme === null ? {} : { layers: [layer(theme)] }),
      };
const layer = (label: string) => ({
  stem: "themes",
  label,
  path: `/opt/themes_${label}.raw`,
  size: 1,
  mtimeMs: 1,
});
const because = (code: string, outcome: Deployment["outcome"] = "reverted") => ({
  outcome,
  message: { code, params: {} },
});
const fell = because("unit-failed");
type Change = readonly [from: string | null, to: string | null, change?: Partial<Deployment>];

async function factsAfter(changes: readonly Partial<Deployment>[]): Promise<VersionFacts> {
  const db = scratch.owner();
  const recorder = createRecorder(db, (error) => {
    throw error;
  });
  await Promise.all(changes.map((change, at) => recorder.save(aDeployment(at + 1, change))));
  await recorder.save(aDeployment(999, { service: "other", from: version("8"), to: version("9"), ...fell }));
  return versionFacts(db, "startpage");
}

describe("what became of a version here", () => {
  const many = Array.from({ length: 15 }, (): Change => ["2", "2", { kind: "restart" }]);
  it.each<[string, readonly Change[], Record<string, string>]>([
    ["nothing yet", [], {}],
    ["it was left", [["1", "2"]], { 1: "left" }],
    ["it was detached", [["1", null, { kind: "detach" }]], { 1: "left" }],
    ["it fell", [["1", "2", fell]], { 2: "unit-failed" }],
    ["it was taken back by a person", [["1", "2", because("sent-back")]], { 2: "sent-back" }],
    [
      "it was left, tried again and fell",
      [
        ["2", "1"],
        ["1", "2", fell],
      ],
      { 2: "unit-failed" },
    ],
    [
      "it fell, was up and was left",
      [
        ["1", "2", fell],
        ["1", "2"],
        ["2", "3"],
      ],
      { 1: "left", 2: "left" },
    ],
    ["it was only restarted", [["1", "1", { kind: "restart" }]], {}],
    ["it was refused", [["1", "2", because("unit-exists", "refused")]], {}],
    ["bug: long ago, on a service that is deployed often", [["1", "2"], ...many], { 1: "left" }],
  ])("%s", async (_name, changes, expected) => {
    const { versions } = await factsAfter(
      changes.map(([from, to, change]) => ({ from: version(from), to: version(to), ...change })),
    );
    const short = [...versions].map(([label, fact]) => [
      label,
      fact.is === "left" ? "left" : fact.message?.code,
    ]);
    expect(Object.fromEntries(short)).toEqual(expected);
  });
});

describe("bug: a layer that died left no trace", () => {
  const switched = (from: string, to: string, change: Partial<Deployment> = {}): Partial<Deployment> => ({
    from: version("1", from),
    to: version("1", to),
    ...change,
  });
  it.each<[string, readonly Partial<Deployment>[], readonly string[]]>([
    ["it held", [switched("1", "2")], []],
    ["it fell", [switched("1", "2", fell)], ["2"]],
    [
      "neither came up",
      [
        switched("1", "2", {
          outcome: "needs-person",
          message: { code: "could-not-go-back", params: { first: "unit-failed" } },
        }),
      ],
      ["2"],
    ],
    ["it fell and then held", [switched("1", "2", fell), switched("1", "2")], []],
    [
      "it fell, and of a later switch nobody can tell",
      [switched("1", "2", fell), switched("1", "2", because("probe-undecided", "succeeded"))],
      ["2"],
    ],
    ["it was taken back by a person", [switched("1", "2", because("sent-back"))], []],
    ["it was refused", [switched("1", "2", because("layer-problem", "refused"))], []],
    ["the version below it fell", [{ from: version("1", "1"), to: version("2", "2"), ...fell }], []],
    ["its service was restarted, and fell", [switched("1", "1", { kind: "restart", ...fell })], []],
  ])("%s", async (_name, changes, labels) => {
    const { fallenLayers } = await factsAfter(changes);
    expect([...fallenLayers.keys()]).toEqual(labels.map((label) => layerKey("themes", label)));
  });

  it("and its deployment is told", async () => {
    const { fallenLayers } = await factsAfter([switched("1", "2", fell)]);
    const { id, finishedAt } = aDeployment(1);
    expect(fallenLayers.get(layerKey("themes", "2"))).toEqual({
      deploymentId: id,
      at: finishedAt,
      message: fell.message,
    });
  });
});
