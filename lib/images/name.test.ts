import { describe, expect, it } from "vitest";
import { type ImageName, parseImageName } from "@/lib/images/name";

const CASES: readonly (readonly [string, ImageName | null])[] = [
  ["startpage_1.2.0.raw", { service: "startpage", label: "1.2.0" }],
  ["startpage_1.2.0", { service: "startpage", label: "1.2.0" }],
  ["startpage.raw", { service: "startpage", label: "" }],
  ["startpage", { service: "startpage", label: "" }],
  ["my_app_1.raw", { service: "my", label: "app_1" }],
  ["foo_1~rc1.raw", { service: "foo", label: "1~rc1" }],
  ["foo_1_x86-64.raw", { service: "foo", label: "1", arch: "x86-64" }],
  ["foo_1_x86-64+3-1.raw", { service: "foo", label: "1", arch: "x86-64", tries: { left: 3, done: 1 } }],
  ["foo_1+2.raw", { service: "foo", label: "1", tries: { left: 2, done: 0 } }],
  ["foo_1+build5.raw", { service: "foo", label: "1+build5" }],
  ["foo+2.raw", { service: "foo", label: "", tries: { left: 2, done: 0 } }],
  ["foo+git.raw", { service: "foo", label: "git" }],
  ["foo_arm64.raw", { service: "foo", label: "arm64" }],
  ["foo.bar-baz_1.raw", { service: "foo.bar-baz", label: "1" }],
  ["foo_1.sysext.raw", { service: "foo", label: "1" }],
  ["foo_<b>1</b>.raw", { service: "foo", label: "<b>1</b>" }],
  ["foo_1 2.raw", { service: "foo", label: "1 2" }],
  ["foo_.raw", { service: "foo", label: "" }],
  ["_1.raw", null],
  [".raw", null],
  [".hidden_1.raw", null],
  ["-x_1.raw", null],
  ["my app_1.raw", null],
  ["föö_1.raw", null],
  ["foo_1\n2.raw", null],
  ["foo_1\u202egnp.raw", null],
  ["foo_\ufffd.raw", null],
  [`foo_${"1".repeat(129)}.raw`, null],
];

describe("the name of an image", () => {
  it.each(CASES)("%j", (fileName, expected) => {
    expect(parseImageName(fileName)).toEqual(expected);
  });
});
