import { describe, expect, it } from "vitest";
import { traceOf } from "@/lib/systemd/journal-trace";

const NAMES = ["web_1.3.0.raw"];
const at = (seconds: number) => ({ __REALTIME_TIMESTAMP: String(seconds * 1_000_000) });
const attached = (file: string, unit = "systemd-portabled.service") => ({
  ...at(3),
  MESSAGE_ID: "187c62eb1e7f463bb530394f52cb090f",
  PORTABLE_ROOT: file,
  _SYSTEMD_UNIT: unit,
  SYSLOG_IDENTIFIER: "systemd-portabled",
  MESSAGE: `Successfully attached '/srv/web/${file}' using profile 'default'`,
});
const sudo = (message: string, exe = "/usr/bin/sudo") => ({
  ...at(1),
  _EXE: exe,
  SYSLOG_IDENTIFIER: "sudo",
  MESSAGE: message,
});
const RAN =
  "    anna : TTY=pts/0 ; PWD=/home/anna ; USER=root ; COMMAND=/usr/bin/portablectl reattach web_1.3.0";

describe("traceOf", () => {
  it.each([
    ["portabled, of this file", attached("web_1.3.0.raw"), true],
    ["portabled, of another file", attached("blog_1.raw"), false],
    ["somebody who claims to be portabled", attached("web_1.3.0.raw", "evil.service"), false],
    [
      "a reload that was asked for",
      { _PID: "1", MESSAGE: "Reload requested from client PID 4 ('portablectl')..." },
      true,
    ],
    ["what else PID 1 says", { _PID: "1", MESSAGE: "Started web.service." }, false],
    [
      "who woke portabled",
      {
        MESSAGE:
          "[system] Activating via systemd: service name='org.freedesktop.portable1' requested by ':1.4'",
      },
      true,
    ],
    ["who woke another", { MESSAGE: "[system] Activating via systemd: service name='org.x'" }, false],
    ["sudo portablectl", sudo(RAN), true],
    ["sudo of something else", sudo("  anna : PWD=/ ; USER=root ; COMMAND=/usr/bin/ls"), false],
  ])("%s", (_what, entry, isShown) => {
    expect(traceOf([{ ...at(1), ...entry }], NAMES).lines).toHaveLength(isShown ? 1 : 0);
  });

  it.each([
    ["one person", [sudo(RAN), attached("web_1.3.0.raw")], "anna"],
    ["nobody", [attached("web_1.3.0.raw")], null],
    ["one of two: nobody knows which", [sudo(RAN), sudo(RAN.replace("anna", "bert"))], null],
    ["one who was refused", [sudo(RAN.replace("TTY", "command not allowed ; TTY"))], null],
    ["one who only says so", [sudo(RAN, "/usr/bin/logger")], null],
  ])("names %s", (_who, entries, by) => {
    expect(traceOf(entries, NAMES).by).toBe(by);
  });

  it("puts the oldest first", () => {
    const { lines } = traceOf([attached("web_1.3.0.raw"), sudo(RAN)], NAMES);
    expect(lines.map(({ unit }) => unit)).toEqual(["sudo", "systemd-portabled"]);
  });
});
