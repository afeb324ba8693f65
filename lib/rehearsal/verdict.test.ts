import { describe, expect, it } from "vitest";
import { judge } from "@/lib/rehearsal/verdict";
import type { BindPath, ServiceStatus, UnitStatus } from "@/lib/systemd/types";

const bind = (source: string, destination: string, optional = false): BindPath => ({
  source,
  destination,
  writable: true,
  optional,
  recursive: true,
});

/** What PID 1 says of a rehearsal that ended; only what the verdict looks at. */
function status(service: Partial<ServiceStatus>): UnitStatus {
  const bindPaths = [
    bind("/etc/resolv.conf", "/etc/resolv.conf"),
    bind("/var/lib/private/web", "/var/lib/web"),
    bind("/srv/data", "/data"),
  ];
  const environmentFiles = [
    { path: "/etc/maybe", optional: true },
    { path: "/etc/web.env", optional: false },
  ];
  const known = {
    result: "success",
    exitStatus: 226,
    user: "anna",
    group: "staff",
    bindPaths,
    environmentFiles,
  };
  return { name: "attache-rehearsal-1.service", service: { ...known, ...service } } as unknown as UnitStatus;
}

function words(line: string, service: Partial<ServiceStatus> = {}, missing: string[] = []): string {
  const found = judge({
    status: status(service),
    lines: line === "" ? [] : ["Failed to mount /a to /b: No such file or directory", `x.service: ${line}`],
    directories: [{ setting: "StateDirectory=", sources: [], destination: "/var/lib/web" }],
    programs: ["/usr/bin/web"],
    workingDirectory: "/work",
    missing: new Set(missing),
  });
  if (found.verdict === "mounts") return "mounts";
  const { code, params } = found.problem;
  return `${found.verdict} ${code} ${Object.values(params).join(" ")}`.trim();
}

const NAMESPACING = "Failed to set up mount namespacing: ";

describe("a 226", () => {
  it.each([
    // 257, 252 with the root's own place before the path, 262 with another reason
    [`${NAMESPACING}/proc: No such file or directory`, "image-lacks-directory /proc"],
    [`${NAMESPACING}/run/systemd/unit-root/proc: No such file or directory`, "image-lacks-directory /proc"],
    [
      `${NAMESPACING}/run/systemd/mount-rootfs/proc: No such file or directory`,
      "image-lacks-directory /proc",
    ],
    [`${NAMESPACING}/proc: Read-only file system`, "image-lacks-directory /proc"],
    [`${NAMESPACING}/tmp/: Read-only file system`, "image-lacks-directory /tmp"],
    [`${NAMESPACING}/etc/machine-id: No such file or directory`, "image-lacks-file /etc/machine-id"],
    [`${NAMESPACING}/etc/resolv.conf: No such file or directory`, "image-lacks-file /etc/resolv.conf"],
    [
      `${NAMESPACING}/var/lib/web: No such file or directory`,
      "image-lacks-data-place /var/lib/web StateDirectory=",
    ],
    [`${NAMESPACING}/data: No such file or directory`, "image-lacks-bind-place /data /srv/data"],
    [`${NAMESPACING}/usr/bin/web: No such file or directory`, "image-lacks-program /usr/bin/web"],
    [`${NAMESPACING}/work: No such file or directory`, "image-lacks-working-directory /work"],
    [`${NAMESPACING}/other: Permission denied`, "mount-fails /other Permission denied"],
    [`${NAMESPACING}Package not installed`, "image-not-opened Package not installed"],
    [
      `${NAMESPACING}/run/systemd/unit-extensions/0: Operation not permitted`,
      "image-not-opened /run/systemd/unit-extensions/0: Operation not permitted",
    ],
    [
      "Failed to open service's root fs: /srv/web_1.raw: No such file or directory",
      "image-not-opened /srv/web_1.raw: No such file or directory",
    ],
    ["", "image-not-opened"],
  ])("%s", (line, wanted) => {
    expect(words(line)).toBe(`would-not-start ${wanted}`);
  });

  it("is the host's, where the source of the place that is named does not exist", () => {
    const line = `${NAMESPACING}/data: No such file or directory`;
    expect(words(line, {}, ["/srv/data"])).toBe("would-not-start host-lacks-path /srv/data");
    const optional = { bindPaths: [bind("/srv/data", "/data", true)] };
    expect(words(line, optional, ["/srv/data"])).toBe(
      "would-not-start image-lacks-bind-place /data /srv/data",
    );
  });

  it("proves nothing, where what is named is there and was asked for by the rehearsal alone", () => {
    const line = `${NAMESPACING}/work: Operation not permitted`;
    expect(words(line)).toBe("unchecked rehearsal-unclear /work Operation not permitted");
  });

  it("is not the host's, where another place is named", () => {
    const line = `${NAMESPACING}/proc: No such file or directory`;
    expect(words(line, {}, ["/srv/data"])).toBe("would-not-start image-lacks-directory /proc");
  });
});

describe("other endings", () => {
  it.each([
    [{ exitStatus: 203 }, "mounts"],
    [{ exitStatus: 216 }, "would-not-start group-unknown staff"],
    [{ exitStatus: 217 }, "would-not-start user-unknown anna"],
    [{ exitStatus: 243 }, "would-not-start credential-missing"],
    [{ exitStatus: 228 }, "would-not-start sandbox-not-possible 228"],
    [{ result: "resources", exitStatus: 0 }, "would-not-start host-lacks-environment-file /etc/web.env"],
    [{ result: "timeout", exitStatus: 0 }, "unchecked rehearsal-timed-out"],
    [{ result: "success", exitStatus: 0 }, "unchecked rehearsal-unclear success 0"],
    [{ result: "signal", exitStatus: 9 }, "unchecked rehearsal-unclear signal 9"],
  ])("%j", (service, wanted) => {
    expect(words("", service, ["/etc/web.env", "/etc/maybe"])).toBe(wanted);
  });
});
