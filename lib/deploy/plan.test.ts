import { describe, expect, it } from "vitest";
import { type Ground, planDeployment, planDetach, planRestart } from "@/lib/deploy/plan";
import type { DeploymentSummary } from "@/lib/deploy/types";
import type { Freeze, Mark } from "@/lib/history/types";
import type { ImageVersion, Inspection } from "@/lib/images/types";
import type { Attachment } from "@/lib/services/types";

const STAMP = { dev: 1, ino: 1, size: 10, mtimeMs: 0 };

function version(label: string, more: Partial<ImageVersion> = {}): ImageVersion {
  return {
    service: "web",
    label,
    path: `/srv/web/web_${label}.raw`,
    kind: "raw",
    stamp: STAMP,
    mode: 0o444,
    owner: { uid: 0, gid: 0, user: "root", group: "root" },
    inspection: null,
    rehearsal: null,
    ...more,
  };
}

const bad: Inspection = {
  ok: false,
  path: "x",
  stamp: STAMP,
  at: 0,
  problem: { code: "no-file-system", params: {} },
};
const attachment: Attachment = {
  service: "web",
  path: "/srv/web/web_1.9.0.raw",
  extensions: [],
  profile: "default",
  location: "persistent",
  units: ["web.service", "web-worker@.service"],
  attachedAt: 0,
};
const running = { id: "01H", by: "ann", to: "1.10.0" } as DeploymentSummary;

const mark: Mark = {
  id: "01H",
  service: "web",
  label: "1.10.0",
  deploymentId: null,
  by: "ann",
  at: 0,
  reason: "eats data",
  lifted: null,
};
const freeze: Freeze = {
  id: "01H",
  service: "web",
  by: "ann",
  at: 0,
  reason: "holidays",
  until: null,
  lifted: null,
};

const ground: Ground = {
  name: "web",
  attachment,
  currentLabel: "1.9.0",
  versions: [version("1.10.0"), version("1.9.0"), version("1.8.0")],
  layers: [],
  findings: [],
  running: null,
  marks: [],
  freeze: null,
};

describe("planDeployment", () => {
  it.each([
    ["1.10.0", {}, "upgrade"],
    ["1.8.0", {}, "rollback"],
    ["1.10.0", { attachment: null, currentLabel: null }, "attach"],
  ] as const)("to %s with %o is called %s", (to, change, kind) => {
    expect(planDeployment({ ...ground, ...change }, to)).toMatchObject({
      ok: true,
      plan: { kind, to: { label: to } },
    });
  });

  it.each([
    ["2.0", {}, undefined, "unknown-version"],
    ["1.9.0", {}, undefined, "already-current"],
    ["1.10.0", {}, "1.8.0", "stale"],
    ["1.10.0", {}, null, "stale"],
    ["1.10.0", { running }, undefined, "deployment-running"],
    [
      "1.10.0",
      { versions: [version("1.10.0", { inspection: bad }), version("1.9.0")] },
      undefined,
      "image-problem",
    ],
    [
      "1.10.0",
      { versions: [version("1.10.0", { mode: 0o666 }), version("1.9.0")] },
      undefined,
      "writable-by-others",
    ],
    [
      "1.10.0",
      { versions: [version("1.10.0", { directoryMode: 0o777 }), version("1.9.0")] },
      undefined,
      "writable-by-others",
    ],
    ["1.10.0", { versions: [version("1.10.0")] }, undefined, "no-way-back"],
    [
      "1.10.0",
      { versions: [version("1.10.0"), version("1.9.0", { inspection: bad })] },
      undefined,
      "no-way-back",
    ],
    [
      "1.10.0",
      { versions: [version("1.10.0"), version("1.10.0", { path: "/opt/web_1.10.0.raw" }), version("1.9.0")] },
      undefined,
      "ambiguous-version",
    ],
    [
      "1.10.0",
      { findings: [{ code: "stem-shared", params: { service: "web", paths: "a, b" } }] },
      undefined,
      "stem-shared",
    ],
  ] as const)("to %s with %o, expected %s: %s", (to, change, expected, code) => {
    expect(planDeployment({ ...ground, ...change }, to, expected)).toMatchObject({
      ok: false,
      refusal: { code },
    });
  });

  it.each([
    ["1.10.0", { marks: [mark] }, false, "marked"],
    ["1.10.0", { marks: [mark] }, true, "upgrade"],
    ["1.8.0", { marks: [mark] }, false, "rollback"],
    ["1.8.0", { marks: [{ ...mark, label: "1.8.0" }] }, false, "marked"],
    ["1.8.0", { marks: [{ ...mark, label: "1.8.0" }] }, true, "rollback"],
    ["1.10.0", { freeze }, false, "frozen"],
    ["1.10.0", { freeze, marks: [mark] }, true, "frozen"],
    ["1.10.0", { freeze, attachment: null, currentLabel: null }, false, "frozen"],
    ["1.8.0", { freeze }, false, "rollback"],
  ] as const)("to %s with %o, wanted despite a mark %s: %s", (to, change, despiteMark, expected) => {
    const planned = planDeployment({ ...ground, ...change }, to, undefined, { despiteMark });
    expect(planned.ok ? planned.plan.kind : planned.refusal.code).toBe(expected);
    // Planned again after the grace period, it is still wanted.
    if (planned.ok) {
      const again = { despiteMark: planned.plan.despiteMark ?? false };
      expect(planDeployment({ ...ground, ...change }, to, undefined, again).ok).toBe(true);
    }
  });

  it("names who is deploying", () => {
    const planned = planDeployment({ ...ground, running }, "1.10.0");
    expect(planned).toEqual({
      ok: false,
      refusal: { code: "deployment-running", params: { id: "01H", by: "ann", version: "1.10.0" } },
    });
  });
});

describe("planDetach and planRestart", () => {
  it("a frozen service is restarted, and not detached", () => {
    expect(planDetach({ ...ground, freeze })).toMatchObject({ refusal: { code: "frozen" } });
    expect(planRestart({ ...ground, freeze }).ok).toBe(true);
  });

  it("detach even when the image file is gone, as long as another version names the stem", () => {
    expect(planDetach({ ...ground, versions: [version("1.10.0")] })).toMatchObject({ ok: true });
    expect(planDetach({ ...ground, versions: [] })).toMatchObject({ refusal: { code: "image-missing" } });
  });

  it.each([
    ["web.service", true],
    ["web-worker@3.service", true],
    ["ssh.service", false],
    ["web-worker@3.socket", false],
  ])("restarts %s: %s", (unit, ok) => {
    expect(planRestart(ground, unit).ok).toBe(ok);
  });
});
