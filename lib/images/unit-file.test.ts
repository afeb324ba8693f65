import { describe, expect, it } from "vitest";
import { listSetting, parseUnitFile, splitWords } from "@/lib/images/unit-file";

const UNIT = `# a comment
[Unit]
Description = A page ; not a comment

[Service]
; another
BindPaths=/a /b:/c
BindPaths=/d \\
# between
  "/e f":/g
ExecStart=/bin/x --flag=y
nonsense
=nothing
Environment=
[Install]
WantedBy=multi-user.target`;

describe("a unit file", () => {
  it("keeps sections, order and repeated keys", () => {
    expect(parseUnitFile(UNIT).map((s) => `${s.section}.${s.key}=${s.value}`)).toEqual([
      "Unit.Description=A page ; not a comment",
      "Service.BindPaths=/a /b:/c",
      'Service.BindPaths=/d  "/e f":/g',
      "Service.ExecStart=/bin/x --flag=y",
      "Service.Environment=",
      "Install.WantedBy=multi-user.target",
    ]);
  });

  it("adds lists up and forgets them at an empty assignment", () => {
    expect(listSetting(parseUnitFile(UNIT), "Service", "BindPaths")).toEqual([
      "/a",
      "/b:/c",
      "/d",
      "/e f:/g",
    ]);
    expect(listSetting(parseUnitFile("[S]\nA=1 2\nA=\nA=3"), "S", "A")).toEqual(["3"]);
    expect(listSetting(parseUnitFile("[S]\nA=1\n[T]\nA=2"), "S", "A")).toEqual(["1"]);
  });

  it("ends a file that stops in a continuation", () => {
    expect(parseUnitFile("[S]\nA=1\\")).toEqual([{ section: "S", key: "A", value: "1" }]);
  });

  it.each([
    ["a b", ["a", "b"]],
    ['"a b" c', ["a b", "c"]],
    ["'a\\b'", ["a\\b"]],
    ["a\\ b", ["a b"]],
    ["a\\:b", ["a\\:b"]],
    ['""', [""]],
    ["", []],
  ])("splits %j", (value, words) => {
    expect(splitWords(value)).toEqual(words);
  });
});
