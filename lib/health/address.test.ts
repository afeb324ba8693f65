import { describe, expect, it } from "vitest";
import { probeProblem, readAim, writeAim } from "@/lib/health/address";
import type { Probe } from "@/lib/health/types";

const PACE = { intervalMs: 1000, passes: 2, deadlineMs: 10_000 };
const HTTP = { status: 200, text: "" };

describe("what is typed", () => {
  it.each([
    ["http://127.0.0.1:8081/up", { kind: "http" }, null],
    ["http://localhost/", { kind: "http" }, null],
    ["http://[::1]:8081/", { kind: "http" }, null],
    ["http://127.1/", { kind: "http" }, null],
    ["http://10.0.0.1/", { kind: "http" }, "probe-not-local"],
    ["http://localhost.example.org/", { kind: "http" }, "probe-not-local"],
    ["http://[::ffff:10.0.0.1]/", { kind: "http" }, "probe-not-local"],
    ["http://ann:secret@127.0.0.1/", { kind: "http" }, "probe-address"],
    ["https://127.0.0.1/", { kind: "http" }, "probe-address"],
    ["file:///etc/shadow", { kind: "http" }, "probe-address"],
    ["127.0.0.1:5432", { kind: "tcp", host: "127.0.0.1", port: 5432 }, null],
    ["127.9.9.9:1", { kind: "tcp", host: "127.9.9.9", port: 1 }, null],
    ["[::1]:5432", { kind: "tcp", host: "::1", port: 5432 }, null],
    ["localhost:80", { kind: "tcp", host: "localhost", port: 80 }, null],
    ["example.org:80", { kind: "tcp" }, "probe-not-local"],
    ["0.0.0.0:80", { kind: "tcp" }, "probe-not-local"],
    ["127.0.0.256:80", { kind: "tcp" }, "probe-not-local"],
    ["/run/web.sock", { kind: "unix", path: "/run/web.sock" }, null],
  ])("%s", (text, aim, problem) => {
    const read = readAim(text);
    expect(read).toMatchObject(aim);
    if (!read) return;
    expect(writeAim(read)).toBe(text);
    const probe = { ...(read.kind === "http" ? { ...read, ...HTTP } : read), ...PACE } satisfies Probe;
    expect(probeProblem(probe)?.code ?? null).toBe(problem);
  });

  it.each(["", "run/web.sock", "localhost", "localhost:0", "localhost:70000", "a b:80"])(
    "%s is none",
    (text) => {
      expect(readAim(text)).toBeNull();
    },
  );

  it("leaves time for all the passes", () => {
    const probe: Probe = { kind: "unix", path: "/run/x", intervalMs: 5000, passes: 3, deadlineMs: 10_000 };
    expect(probeProblem(probe)?.code).toBe("probe-deadline");
  });

  it.each([
    ["/run/web/web.sock", null],
    ["/var/run/web.sock", null],
    ["/var/lib/web/..web.sock", null],
    ["/srv/web.sock", null],
    ["/tmp/web.sock", null],
    ["x", "probe-place"],
    ["/run", "probe-place"],
    ["/run/", "probe-place"],
    ["/run//web.sock", "probe-place"],
    ["/run/./web.sock", "probe-place"],
    ["/run/../etc/shadow", "probe-place"],
    ["/run/web/..", "probe-place"],
    ["/run/web\0.sock", "probe-place"],
    ["/runner/web.sock", "probe-place"],
    ["/etc/shadow", "probe-place"],
    ["/root/nope", "probe-place"],
    ["/run/systemd/private", "probe-place"],
    ["/var/run/systemd/notify", "probe-place"],
    ["/run/systemd", "probe-place"],
    ["/run/systemd-web.sock", null],
  ])("bug: any file of the host could be asked for as a socket: %j", (file, problem) => {
    expect(probeProblem({ kind: "unix", path: file, ...PACE })?.code ?? null).toBe(problem);
  });
});
