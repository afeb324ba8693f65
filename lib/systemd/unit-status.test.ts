import { describe, expect, it } from "vitest";
import { unitChange } from "./unit-change";
import { unitPath } from "./unit-path";
import { invocationId, SERVICE_PROPERTIES, toUnitState, toUnitStatus, UNIT_PROPERTIES } from "./unit-status";
import { spanMs, timeMs } from "./values";

const INFINITE = 2n ** 64n - 1n;

describe("times", () => {
  it.each([
    [1764000000123456n, 1764000000123, 1764000000123],
    [0n, null, 0],
    [INFINITE, null, null],
    [undefined, null, null],
  ])("%s µs", (usec, time, span) => {
    expect(timeMs(usec)).toBe(time);
    expect(spanMs(usec)).toBe(span);
  });
});

describe("invocationId", () => {
  it.each([
    ["bytes", Buffer.from("00ff0102030405060708090a0b0c0d0e", "hex"), "00ff0102030405060708090a0b0c0d0e"],
    ["zeroes", Buffer.alloc(16), ""],
    ["no bytes", Buffer.alloc(0), ""],
    ["nothing", undefined, ""],
  ])("of %s", (_, value, expected) => {
    expect(invocationId(value)).toBe(expected);
  });
});

it("takes a row of ListUnitsByNames", () => {
  const row = ["a.service", "A", "loaded", "active", "running", "", "/p", 0, "", "/"];
  expect(toUnitState(row)).toEqual({ name: "a.service", load: "loaded", active: "active", sub: "running" });
});

describe("toUnitStatus", () => {
  it("reads what it is said to read", () => {
    const read = { unit: new Set<string>(), service: new Set<string>() };
    const watched = (names: Set<string>) => new Proxy({}, { get: (_, name) => void names.add(String(name)) });
    toUnitStatus(watched(read.unit), watched(read.service));
    expect(read).toEqual({ unit: UNIT_PROPERTIES, service: SERVICE_PROPERTIES });
  });

  const unit = {
    Id: "a.service",
    LoadState: "loaded",
    ActiveState: "failed",
    SubState: "failed",
    Description: "A",
    UnitFileState: "enabled",
    FragmentPath: "/etc/systemd/system.attached/a.service",
    DropInPaths: ["/x/10-profile.conf", "/x/20-portable.conf"],
    NeedDaemonReload: true,
    ConditionResult: false,
    InvocationID: Buffer.alloc(16, 1),
    StateChangeTimestamp: 1_000_000n,
    TriggeredBy: ["a.socket"],
    Triggers: [],
  };

  it("of a unit that is no service", () => {
    expect(toUnitStatus(unit, null)).toEqual({
      name: "a.service",
      load: "loaded",
      active: "failed",
      sub: "failed",
      description: "A",
      fileState: "enabled",
      fragmentPath: "/etc/systemd/system.attached/a.service",
      dropInPaths: ["/x/10-profile.conf", "/x/20-portable.conf"],
      needReload: true,
      conditionResult: false,
      invocationId: "01".repeat(16),
      since: 1000,
      triggeredBy: ["a.socket"],
      triggers: [],
      service: null,
    });
  });

  it.each([
    [
      { BindPaths: [["/data", "/var/lib/a", false, 16384n]] },
      { source: "/data", destination: "/var/lib/a", writable: true, optional: false, recursive: true },
    ],
    [
      { BindReadOnlyPaths: [["/etc/a", "/etc/a", true, 0n]] },
      { source: "/etc/a", destination: "/etc/a", writable: false, optional: true, recursive: false },
    ],
  ])("bind paths of %o", (service, expected) => {
    expect(toUnitStatus(unit, service).service?.bindPaths).toEqual([expected]);
  });

  it.each([
    ["a raw image", { RootImage: "/srv/a.raw", RootDirectory: "" }, "/srv/a.raw"],
    ["a directory image", { RootImage: "", RootDirectory: "/srv/a" }, "/srv/a"],
    ["no image", {}, ""],
  ])("root of %s", (_, service, expected) => {
    expect(toUnitStatus(unit, service).service?.rootImage).toBe(expected);
  });

  it("has an empty value for what an older systemd lacks", () => {
    expect(toUnitStatus({}, {}).service).toMatchObject({
      restarts: 0,
      startedAt: null,
      timeoutStopMs: null,
      user: "",
    });
  });
});

describe("unitChange", () => {
  const path = unitPath("a.service");
  it.each([
    [
      "a state",
      path,
      { ActiveState: "active", SubState: "running", Foo: 1 },
      { name: "a.service", active: "active", sub: "running" },
    ],
    [
      "a service's run",
      path,
      { Result: "exit-code", NRestarts: 2, MainPID: 0 },
      { name: "a.service", result: "exit-code", restarts: 2, mainPid: 0 },
    ],
    ["a time", path, { StateChangeTimestamp: 0n }, { name: "a.service", since: null }],
    ["nothing we show", path, { MemoryCurrent: 1n }, null],
    ["no unit", "/org/freedesktop/systemd1/job/1", { State: "running" }, null],
  ])("of %s", (_, objectPath, told, expected) => {
    expect(unitChange({ path: objectPath, body: ["x", told, []] })).toEqual(expected);
  });
});
