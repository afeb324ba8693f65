import type { BindPath, ServiceStatus, UnitState, UnitStatus } from "./types";
import { count, flag, hex, type Properties, rows, spanMs, text, texts, timeMs } from "./values";

/** One row of ListUnitsByNames, ListUnitsByPatterns: `(ssssssouso)`. */
export function toUnitState([name, , load, active, sub]: readonly unknown[]): UnitState {
  return { name: text(name), load: text(load), active: text(active), sub: text(sub) };
}

/** What `toUnitStatus` reads of `systemd1.Unit`. */
export const UNIT_PROPERTIES: ReadonlySet<string> = new Set([
  "Id",
  "LoadState",
  "ActiveState",
  "SubState",
  "Description",
  "UnitFileState",
  "FragmentPath",
  "DropInPaths",
  "NeedDaemonReload",
  "ConditionResult",
  "InvocationID",
  "StateChangeTimestamp",
  "TriggeredBy",
  "Triggers",
]);

/** And of `systemd1.Service`. */
export const SERVICE_PROPERTIES: ReadonlySet<string> = new Set([
  "Type",
  "Result",
  "NRestarts",
  "MainPID",
  "ExecMainStartTimestamp",
  "ExecMainCode",
  "ExecMainStatus",
  "RootImage",
  "RootDirectory",
  "TimeoutStartUSec",
  "TimeoutStopUSec",
  "BindPaths",
  "BindReadOnlyPaths",
  "StateDirectory",
  "CacheDirectory",
  "LogsDirectory",
  "RuntimeDirectory",
  "ConfigurationDirectory",
  "DynamicUser",
  "User",
  "Group",
  "EnvironmentFiles",
]);

/** `UNIT_PROPERTIES` and, for a service, `SERVICE_PROPERTIES`. */
export function toUnitStatus(unit: Properties, service: Properties | null): UnitStatus {
  return {
    name: text(unit.Id),
    load: text(unit.LoadState),
    active: text(unit.ActiveState),
    sub: text(unit.SubState),
    description: text(unit.Description),
    fileState: text(unit.UnitFileState),
    fragmentPath: text(unit.FragmentPath),
    dropInPaths: texts(unit.DropInPaths),
    needReload: flag(unit.NeedDaemonReload),
    conditionResult: flag(unit.ConditionResult),
    invocationId: invocationId(unit.InvocationID),
    since: timeMs(unit.StateChangeTimestamp),
    triggeredBy: texts(unit.TriggeredBy),
    triggers: texts(unit.Triggers),
    service: service ? toServiceStatus(service) : null,
  };
}

/** 16 bytes as hex; `""` for a unit that has not run. */
export function invocationId(value: unknown): string {
  const id = hex(value);
  return /^0*$/.test(id) ? "" : id;
}

function toServiceStatus(service: Properties): ServiceStatus {
  return {
    type: text(service.Type),
    result: text(service.Result),
    restarts: count(service.NRestarts),
    mainPid: count(service.MainPID),
    startedAt: timeMs(service.ExecMainStartTimestamp),
    exitCode: count(service.ExecMainCode),
    exitStatus: count(service.ExecMainStatus),
    rootImage: text(service.RootImage) || text(service.RootDirectory),
    timeoutStartMs: spanMs(service.TimeoutStartUSec),
    timeoutStopMs: spanMs(service.TimeoutStopUSec),
    bindPaths: [...bindPaths(service.BindPaths, true), ...bindPaths(service.BindReadOnlyPaths, false)],
    stateDirectories: texts(service.StateDirectory),
    cacheDirectories: texts(service.CacheDirectory),
    logsDirectories: texts(service.LogsDirectory),
    runtimeDirectories: texts(service.RuntimeDirectory),
    configurationDirectories: texts(service.ConfigurationDirectory),
    dynamicUser: flag(service.DynamicUser),
    user: text(service.User),
    group: text(service.Group),
    environmentFiles: rows(service.EnvironmentFiles).map(([path, optional]) => ({
      path: text(path),
      optional: flag(optional),
    })),
  };
}

/** `a(ssbt)`: source, destination, whether the source may be missing, mount flags. */
function bindPaths(value: unknown, writable: boolean): readonly BindPath[] {
  return rows(value).map(([source, destination, optional, flags]) => ({
    source: text(source),
    destination: text(destination),
    writable,
    optional: flag(optional),
    recursive: (count(flags) & MS_REC) !== 0,
  }));
}

/** mount(2). */
const MS_REC = 16_384;
