import { describe, expect, it } from "vitest";
import { explainBindPaths } from "@/lib/services/bind-paths";
import type { BindPath, ServiceStatus, UnitStatus } from "@/lib/systemd/types";

const FRAGMENT = "/etc/systemd/system.attached/book.service";
const PROFILE = `${FRAGMENT}.d/10-profile.conf`;
const OURS = "/etc/systemd/system/book.service.d/50-ours.conf";

function bind(source: string, destination: string, writable: boolean, optional = false): BindPath {
  return { source, destination, writable, optional, recursive: true };
}

function unit(bindPaths: readonly BindPath[], more: Partial<ServiceStatus> = {}): UnitStatus {
  const none = {
    stateDirectories: [],
    cacheDirectories: [],
    logsDirectories: [],
    runtimeDirectories: [],
    configurationDirectories: [],
  };
  const run = {
    type: "simple",
    result: "success",
    restarts: 0,
    mainPid: 0,
    startedAt: null,
    exitCode: 0,
    exitStatus: 0,
  };
  const rest = {
    rootImage: "",
    timeoutStartMs: null,
    timeoutStopMs: null,
    dynamicUser: false,
    user: "",
    group: "",
    environmentFiles: [],
  };
  return {
    name: "book.service",
    load: "loaded",
    active: "active",
    sub: "running",
    description: "",
    fileState: "",
    fragmentPath: FRAGMENT,
    dropInPaths: [PROFILE, OURS],
    needReload: false,
    conditionResult: true,
    invocationId: "",
    since: null,
    triggeredBy: [],
    triggers: [],
    service: { ...none, ...run, ...rest, bindPaths, ...more },
  };
}

const file = (path: string, settings: string) => ({ path, text: `[Service]\n${settings}\n` });

/** The rows as "source → destination, by whom". */
function rows(status: UnitStatus, ...files: { path: string; text: string }[]): string[] {
  return explainBindPaths(status, files).map(
    (row) => `${row.source} ${row.destination} ${row.setBy} ${row.file}`,
  );
}

describe("bind paths", () => {
  it("name the file that sets them", () => {
    const effective = [
      bind("/srv/data", "/var/lib/data", true),
      bind("/etc/machine-id", "/etc/machine-id", false),
      bind("/opt/x", "/opt/x", false, true),
    ];
    expect(
      rows(
        unit(effective),
        file(FRAGMENT, "BindPaths=/srv/data:/var/lib/data"),
        file(PROFILE, "BindReadOnlyPaths=/etc/machine-id"),
        file(OURS, "BindReadOnlyPaths=-/opt/x"),
      ),
    ).toEqual([
      `/srv/data /var/lib/data image ${FRAGMENT}`,
      `/etc/machine-id /etc/machine-id profile ${PROFILE}`,
      `/opt/x /opt/x host ${OURS}`,
    ]);
  });

  it.each([
    ["the last file wins", "BindPaths=/a", "BindPaths=/a", OURS],
    ["an empty assignment takes away what was set", "BindPaths=/a", "BindReadOnlyPaths=\nBindPaths=/a", OURS],
    ["specifiers stand for anything", "BindPaths=%S/a", "", ""],
    ["of another kind", "BindReadOnlyPaths=/a", "", ""],
  ])("%s", (_, image, host, expected) => {
    const [row] = explainBindPaths(unit([bind("/a", "/a", true)]), [file(FRAGMENT, image), file(OURS, host)]);
    expect(row?.file).toBe(expected || (image.includes("%") ? FRAGMENT : ""));
    if (!row?.file) expect(row?.setBy).toBe("unknown");
  });

  it("read quotes, escaped colons, options and spare slashes", () => {
    const effective = [bind("/a b", "/c:d", true), bind("/e", "/f", true)];
    const image = file(FRAGMENT, 'BindPaths="/a b:/c\\:d" /e/:/f:norbind');
    expect(explainBindPaths(unit(effective), [image]).map((row) => row.setBy)).toEqual(["image", "image"]);
  });

  it("include the directories that a unit brings along", () => {
    const more = {
      stateDirectories: ["book"],
      runtimeDirectories: ["book"],
      configurationDirectories: ["book"],
      dynamicUser: true,
    };
    expect(rows(unit([], more))).toEqual([
      "/var/lib/private/book /var/lib/book directory StateDirectory=",
      "/etc/book /etc/book directory ConfigurationDirectory=",
      "/run/book /run/book directory RuntimeDirectory=",
    ]);
    expect(rows(unit([], { cacheDirectories: ["a/b"] }))).toEqual([
      "/var/cache/a/b /var/cache/a/b directory CacheDirectory=",
    ]);
  });

  it("do not exist for a socket", () => {
    expect(explainBindPaths({ ...unit([]), service: null }, [])).toEqual([]);
  });
});
