import { describe, expect, it } from "vitest";
import {
  applyDeployment,
  applyRows,
  compareRows,
  rowMatches,
  type ServiceRow,
  toServiceRow,
} from "@/components/service-row";
import { wayBack, wayBackNow } from "@/components/way-back";
import type { Deployment, DeploymentSummary } from "@/lib/deploy/types";
import type { Freeze, Mark } from "@/lib/history/types";
import type { ImageVersion } from "@/lib/images/types";
import type { Service } from "@/lib/services/types";

function row(name: string, more: Partial<ServiceRow> = {}): ServiceRow {
  return {
    name,
    state: "running",
    current: "1.2.0",
    newest: "1.3.0",
    upgrade: null,
    rollback: null,
    since: null,
    blocked: null,
    running: null,
    last: null,
    findings: 0,
    frozen: null,
    differs: false,
    ...more,
  };
}

const deployment: Deployment = {
  id: "01",
  service: "web",
  kind: "upgrade",
  origin: "attache",
  from: { label: "1.2.0", path: "/a", size: 1, mtimeMs: 0, sha256: null },
  to: { label: "1.3.0", path: "/b", size: 1, mtimeMs: 0, sha256: null },
  profile: null,
  location: null,
  by: "anna",
  reason: "",
  requestedAt: 1,
  startedAt: null,
  finishedAt: null,
  phase: "waiting",
  startsAt: 4,
  trialMs: null,
  batch: null,
  endsAt: null,
  outcome: null,
  message: null,
  steps: [],
  log: [],
};

describe("rows", () => {
  it("put failed services first, then go by name", () => {
    const rows = [row("b"), row("a"), row("z", { state: "failed" })].sort(compareRows);
    expect(rows.map(({ name }) => name)).toEqual(["z", "a", "b"]);
  });

  it("change one by one and leave the others the same objects", () => {
    const [a, b, c] = [row("a"), row("b"), row("c")];
    const next = applyRows([a, b, c], {
      changed: [row("c", { state: "failed" })],
      removed: ["a"],
    });
    expect(next.map(({ name }) => name)).toEqual(["c", "b"]);
    expect(next[1]).toBe(b);
  });

  it("bug: stay when only findings or links of the host have changed", () => {
    const rows = [row("a"), row("b")];
    expect(applyRows(rows, { changed: [], removed: [] })).toEqual(rows);
  });

  it("follow a deployment from its own events", () => {
    const running = applyDeployment([row("web"), row("other")], deployment);
    expect(running[0]?.running).toMatchObject({ id: "01", from: "1.2.0", to: "1.3.0", startsAt: 4 });
    const done = applyDeployment(running, {
      ...deployment,
      phase: "finished",
      outcome: "succeeded",
      startsAt: null,
    });
    expect(done[0]).toMatchObject({ running: null, last: { id: "01", outcome: "succeeded" } });
    expect(done[1]).toBe(running[1]);
  });

  it("bug: carry the reason of a result, but not where it succeeded", () => {
    const message = { code: "unit-failed", params: { unit: "web.service" } };
    const end = (outcome: "succeeded" | "reverted") =>
      applyDeployment([row("web")], { ...deployment, phase: "finished", outcome, message })[0]?.last;
    expect(end("reverted")?.message).toEqual(message);
    expect(end("succeeded")).not.toHaveProperty("message");
  });
});

describe("search", () => {
  const cases: [query: string, matches: boolean][] = [
    ["", true],
    ["start", true],
    ["PAGE run", true],
    ["1.3", true],
    ["failed", false],
    ["start 9", false],
  ];
  it.each(cases)("%j", (query, matches) => {
    expect(rowMatches(row("startpage"), query)).toBe(matches);
  });
});

describe("way back", () => {
  const done = { service: "web", kind: "upgrade", outcome: "succeeded", from: "1.2.0", to: "1.3.0" } as const;
  const cases: [
    why: string,
    done: Parameters<typeof wayBack>[0],
    current: string | null,
    version: string | null,
  ][] = [
    ["after an upgrade", done, "1.3.0", "1.2.0"],
    ["after a rollback", { ...done, kind: "rollback", from: "1.3.0", to: "1.2.0" }, "1.2.0", "1.3.0"],
    ["not when the host has moved on", done, "1.4.0", null],
    ["not after a revert", { ...done, outcome: "reverted" }, "1.2.0", null],
    ["after a detach", { ...done, kind: "detach", to: null }, null, "1.2.0"],
    ["not after a detach that somebody undid", { ...done, kind: "detach", to: null }, "1.2.0", null],
    [
      "after a layer was switched",
      { ...done, from: "1.2.0", to: "1.2.0", layers: [{ stem: "themes", from: "1", to: "2" }] },
      "1.2.0",
      "1.2.0",
    ],
    [
      "not after a detach that took layers off",
      { ...done, kind: "detach", to: null, layers: [{ stem: "themes", from: "1", to: null }] },
      null,
      null,
    ],
    ["not after a first attach", { ...done, kind: "attach", from: null }, "1.3.0", null],
    ["not after a restart", { ...done, kind: "restart", from: "1.2.0", to: "1.2.0" }, "1.2.0", null],
  ];
  it.each(cases)("%s", (_why, one, current, version) => {
    expect(wayBack(one, current)?.target.version ?? null).toBe(version);
  });
});

describe("bug: a way back that the engine would refuse is not offered", () => {
  const freeze: Freeze = {
    id: "f",
    service: "web",
    by: "anna",
    at: 1,
    reason: "fair",
    until: null,
    lifted: null,
  };
  const mark: Mark = {
    id: "m",
    service: "web",
    label: "1.2.0",
    deploymentId: null,
    by: "anna",
    at: 1,
    reason: "loses entries",
    lifted: null,
  };
  it.each<[string, Partial<Service>, { from: string; to: string }, string | null]>([
    ["nothing stands against it", {}, { from: "1.2.0", to: "1.3.0" }, "1.2.0"],
    ["frozen: to an older one", { freeze }, { from: "1.2.0", to: "1.3.0" }, "1.2.0"],
    ["frozen: to a newer one", { freeze }, { from: "1.4.0", to: "1.3.0" }, null],
    ["marked", { marks: [mark] }, { from: "1.2.0", to: "1.3.0" }, null],
    ["its file is gone", {}, { from: "1.1.0", to: "1.3.0" }, null],
    [
      "something is under way",
      { blocked: { code: "deployment-running", params: {} } },
      { from: "1.2.0", to: "1.3.0" },
      null,
    ],
  ])("%s", (_name, change, ends, version) => {
    const last = { ...summary, ...ends };
    const service = { ...onThree, ...change, last };
    expect(wayBackNow(last, service)?.target.version ?? null).toBe(version);
    expect(toServiceRow(service).hasNoWayBack ?? false).toBe(version === null);
  });
});

const summary: DeploymentSummary = {
  ...deployment,
  from: "1.2.0",
  to: "1.3.0",
  phase: "finished",
  outcome: "succeeded",
};

/** "web" on 1.3.0, with an older and a newer version on disk. */
const onThree: Service = {
  name: "web",
  state: "running",
  attachment: {
    service: "web",
    path: "/srv/web/web_1.3.0.raw",
    extensions: [],
    profile: "default",
    location: "persistent",
    units: ["web.service"],
    attachedAt: 0,
  },
  current: null,
  currentLabel: "1.3.0",
  versions: ["1.4.0", "1.3.0", "1.2.0"].map(imageOf),
  layers: [],
  units: [],
  enabled: true,
  since: null,
  findings: [],
  drift: null,
  upgrade: null,
  rollback: null,
  blocked: null,
  running: null,
  last: null,
  marks: [],
  freeze: null,
};

function imageOf(label: string): ImageVersion {
  return {
    service: "web",
    label,
    path: `/srv/web/web_${label}.raw`,
    kind: "raw",
    stamp: { dev: 1, ino: 1, size: 1, mtimeMs: 0 },
    mode: 0o444,
    owner: { uid: 0, gid: 0, user: "root", group: "root" },
    inspection: null,
    rehearsal: null,
  };
}
