import { describe, expect, it } from "vitest";
import { AppError } from "@/lib/errors";
import { parseBusAddress, socketPath } from "./address";

describe("parseBusAddress", () => {
  it.each([
    [
      "a plain path",
      "unix:path=/run/dbus/system_bus_socket",
      [{ kind: "path", name: "/run/dbus/system_bus_socket" }],
    ],
    ["options around it", "unix:guid=ab,path=/a,x=y", [{ kind: "path", name: "/a" }]],
    ["an abstract name", "unix:abstract=/tmp/dbus-X", [{ kind: "abstract", name: "/tmp/dbus-X" }]],
    ["a colon in the path", "unix:path=/a:b", [{ kind: "path", name: "/a:b" }]],
    ["escapes", "unix:path=/a%2cb%3B%20c", [{ kind: "path", name: "/a,b; c" }]],
    ["escaped UTF-8", "unix:path=/%C3%A4", [{ kind: "path", name: "/ä" }]],
    ["a lone per cent sign", "unix:path=/50%", [{ kind: "path", name: "/50%" }]],
    ["an equals sign in the value", "unix:path=/a=b", [{ kind: "path", name: "/a=b" }]],
    [
      "alternatives, the unknown ones passed over",
      "tcp:host=a,port=1;unix:path=/a;;unixexec:path=ssh;unix:path=/b",
      [
        { kind: "path", name: "/a" },
        { kind: "path", name: "/b" },
      ],
    ],
  ])("reads %s", (_, address, expected) => {
    expect(parseBusAddress(address)).toEqual(expected);
  });

  it.each(["", "unix:", "unix:path=", "tcp:host=a,port=1", "/run/dbus/system_bus_socket", ";"])(
    "refuses %j",
    (address) => {
      expect(() => parseBusAddress(address)).toThrow(AppError);
    },
  );
});

it("gives an abstract name its zero byte", () => {
  expect(socketPath({ kind: "abstract", name: "x" })).toBe("\0x");
  expect(socketPath({ kind: "path", name: "/x" })).toBe("/x");
});
