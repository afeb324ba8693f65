import { describe, expect, it } from "vitest";
import { readSystemCalls } from "./system-calls";

const hex = (text: string) =>
  [...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
const fd = (path: string) => `7<${hex(path)}>`;
const read = (...lines: string[]) => readSystemCalls(lines.map((line) => `12 ${line}`).join("\n"), "/state");
const base64 = (text: string) => Buffer.from(text).toString("base64");

describe("readSystemCalls", () => {
  it.each([
    [
      "a file that is made",
      `openat(AT_FDCWD<${hex("/")}>, "${hex("/state/a")}", O_RDWR|O_CREAT|O_TRUNC, 0600) = ${fd("/state/a")}`,
      { kind: "open", path: "/state/a", truncate: true },
    ],
    [
      "bytes at a place",
      `pwrite64(${fd("/state/a")}, "${hex("xyz")}", 3, 4096) = 3`,
      { kind: "write", path: "/state/a", at: 4096, data: base64("xyz") },
    ],
    [
      "bytes in pieces at a place",
      `pwritev(${fd("/state/a")}, [{iov_base="${hex("x")}", iov_len=1}, {iov_base="${hex("yz")}", iov_len=2}], 2, 12) = 3`,
      { kind: "write", path: "/state/a", at: 12, data: base64("xyz") },
    ],
    ["a cut", `ftruncate(${fd("/state/a")}, 32) = 0`, { kind: "truncate", path: "/state/a", length: 32 }],
    ["a sync", `fdatasync(${fd("/state/a")}) = 0`, { kind: "sync", path: "/state/a", since: 0 }],
    [
      "a new name",
      `rename("${hex("/state/a")}", "${hex("/state/b")}") = 0`,
      { kind: "rename", from: "/state/a", to: "/state/b" },
    ],
    ["a name that is gone", `unlink("${hex("/state/a")}") = 0`, { kind: "unlink", path: "/state/a" }],
  ])("%s", (_, line, event) => expect(read(line)).toEqual([event]));

  it.each([
    ["elsewhere", `unlink("${hex("/etc/a")}") = 0`],
    ["that failed", `unlink("${hex("/state/a")}") = -1 ENOENT (No such file or directory)`],
    ["only opened", `openat(AT_FDCWD<${hex("/")}>, "${hex("/state/a")}", O_RDONLY) = ${fd("/state/a")}`],
  ])("not what was %s", (_, line) => expect(read(line)).toEqual([]));

  it("writes without a place follow each other", () => {
    const opened = `openat(AT_FDCWD, "${hex("/state/a")}", O_WRONLY|O_CREAT, 0600) = ${fd("/state/a")}`;
    const events = read(
      opened,
      `write(${fd("/state/a")}, "${hex("ab")}", 2) = 2`,
      `write(${fd("/state/a")}, "${hex("c")}", 1) = 1`,
    );
    expect(events.slice(1)).toMatchObject([{ at: 0 }, { at: 2 }]);
  });

  it("a sync covers what was done before it began, not what was done while it went on", () => {
    const events = read(
      `pwrite64(${fd("/state/a")}, "${hex("x")}", 1, 0) = 1`,
      `fsync(${fd("/state/a")} <unfinished ...>`,
    ).concat();
    expect(events).toHaveLength(1);
    const lines = [
      `12 fsync(${fd("/state/a")} <unfinished ...>`,
      `13 pwrite64(${fd("/state/a")}, "${hex("x")}", 1, 0) = 1`,
      "12 <... fsync resumed>) = 0",
    ];
    expect(readSystemCalls(lines.join("\n"), "/state")).toMatchObject([
      { kind: "write" },
      { kind: "sync", since: 0 },
    ]);
  });

  it("the end of a deployment that is told on the bus", () => {
    const json = (id: string, phase: string) => `{"id":"${id}","service":"a","phase":"${phase}"}`;
    const message = `DeploymentChanged ${json("A".repeat(26), "settling")}${json("B".repeat(26), "finished")}`;
    expect(read(`write(${fd("socket:[1]")}, "${hex(message)}", 9) = 9`)).toEqual([
      { kind: "told", id: "B".repeat(26) },
    ]);
  });
});
