import { describe, expect, it } from "vitest";
import type { Ground } from "@/lib/deploy/plan";
import { planRestore } from "@/lib/deploy/plan-restore";
import type { DeployedState, Difference, Drift } from "@/lib/drift/types";
import type { ImageVersion } from "@/lib/images/types";

const stampOf = (label: string) => ({ dev: 1, ino: label.length, size: 10, mtimeMs: 0 });
function version(label: string, directory = "/srv/web"): ImageVersion {
  return {
    service: "web",
    label,
    path: `${directory}/web_${label}.raw`,
    kind: "raw",
    stamp: stampOf(label),
    mode: 0o444,
    owner: { uid: 0, gid: 0, user: "root", group: "root" },
    inspection: null,
    rehearsal: null,
  };
}
const attached = (label: string) => ({
  path: `/srv/web/web_${label}.raw`,
  extensions: [],
  profile: "default",
  location: "persistent" as const,
  units: ["web.service"],
  attachedAt: 0,
});
const deployed: DeployedState = {
  ...attached("1.9.0"),
  profile: "strict",
  units: ["web.service", "web.socket"],
  image: { stamp: stampOf("1.9.0"), isDirectory: false },
};
const ground = (label: string | null, change: Partial<Ground> = {}): Ground => ({
  name: "web",
  attachment: label === null ? null : { service: "web", ...attached(label) },
  currentLabel: label,
  versions: [version("1.10.0"), version("1.9.0")],
  layers: [],
  findings: [],
  running: null,
  marks: [],
  freeze: null,
  ...change,
});
const drift = (
  code: Difference["code"],
  params: Difference["params"] = {},
  was: Drift["deployed"] = deployed,
) => ({
  at: 1,
  deployed: was,
  differences: [{ code, params }],
});

describe("planRestore", () => {
  it.each<[string, Ground, Drift, unknown]>([
    ["an edit", ground("1.9.0"), drift("unit-edited"), { kind: "reattach", to: { label: "1.9.0" } }],
    ["a switch", ground("1.10.0"), drift("switched-outside"), { kind: "rollback", to: { label: "1.9.0" } }],
    ["a detach", ground(null), drift("detached-outside"), { kind: "attach", to: { label: "1.9.0" } }],
    ["an attach", ground("1.9.0"), drift("attached-outside", {}, null), { kind: "detach", to: null }],
    [
      "a move",
      ground("1.9.0", { versions: [version("1.9.0", "/new")] }),
      drift("image-moved", { to: "/new/web_1.9.0.raw" }),
      { kind: "reattach", to: { path: "/new/web_1.9.0.raw" } },
    ],
  ])("puts back %s", (_name, now, difference, plan) => {
    const planned = planRestore(now, difference);
    expect(planned).toMatchObject({ ok: true, plan });
  });

  it("brings back the profile and the units, though others are attached now", () => {
    expect(planRestore(ground("1.9.0"), drift("profile-changed"))).toMatchObject({
      plan: { profile: "strict", attachment: { units: ["web.service", "web.socket"] } },
    });
  });

  const running = { id: "01", by: "ann", to: "1.10.0" } as Ground["running"];
  const writtenTo = { ...version("1.9.0"), stamp: { ...stampOf("1.9.0"), mtimeMs: 9 } };
  it.each<[string, Ground, Drift | null, string]>([
    ["nothing differs", ground("1.9.0"), null, "nothing-differs"],
    ["the bytes are gone", ground("1.9.0", { versions: [writtenTo] }), drift("image-replaced"), "bytes-gone"],
    ["the file is gone", ground("1.9.0", { versions: [] }), drift("image-gone"), "image-missing"],
    [
      "it lies elsewhere",
      ground("1.9.0", { attachment: { service: "web", ...attached("1.9.0"), location: "runtime" } }),
      drift("location-changed"),
      "restore-location",
    ],
    ["one is under way", ground("1.9.0", { running }), drift("unit-edited"), "deployment-running"],
  ])("refuses when %s", (_name, now, difference, code) => {
    expect(planRestore(now, difference)).toMatchObject({ ok: false, refusal: { code } });
  });
});
