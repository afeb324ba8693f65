import { describe, expect, it } from "vitest";
import { compareVersions, isPreRelease } from "@/lib/images/version";

/** From systemd's own unit test, oldest first: every pair of it must be in order. */
const CHAIN = [
  "~1",
  "",
  "ab",
  "abb",
  "abc",
  "0001",
  "002",
  "12",
  "122",
  "122.9",
  "123~rc1",
  "123",
  "123-a",
  "123-a.1",
  "123-a1",
  "123-a1.1",
  "123-3",
  "123-3.1",
  "123^patch1",
  "123^1",
  "123.a-1",
  "123.1-1",
  "123a-1",
  "124",
] as const;

const PAIRS: readonly (readonly [string, "<" | "=" | ">", string])[] = [
  ["123.45-67.9", "<", "123.45-67.89"],
  ["123.45-67.ab", "<", "123.45-67.89"],
  ["123~rc1-99.99", "<", "123-45.67.89"],
  ["123^45-67.89", "<", "123.45-67.89"],
  ["123.aa2-67.89", "<", "123aa2-67.89"],
  ["10.0001", "=", "10.1"],
  ["1.0~rc1~git123", "<", "1.0~rc1"],
  ["123_aa2-67.89", "=", "123aa+2-67.89"],
  ["123.", ">", "123"],
  ["123.0", ">", "123"],
  ["12_3", "<", "123"],
  ["12_3", ">", "12"],
  ["12_3", ">", "12.3"],
  ["123..0", "<", "123.0"],
  ["2_0", ">", "2.0"],
  ["6.0.rc1", ">", "6.0"],
  ["10xyz", ">", "10.1xyz"],
  ["1.0^", ">", "1.0"],
  ["1.0", "<", "1.0^git1"],
  ["2.0.1a", ">", "2.0.1"],
  ["5.5p2", "<", "5.6p1"],
  ["20101121", "<", "20101122"],
  ["0_", "=", "0"],
  ["", "=", "_"],
  ["", ">", "~"],
  ["~~", ">", "~"],
  ["a+", "=", "a_"],
  ["1.10.0", ">", "1.9.0"],
  ["v1.2", "<", "1.2"],
  ["1.0-rc1", ">", "1.0"],
  ["1.0", "=", "1.00"],
  ["1.0é", "=", "1.0"],
  ["99999999999999999999999", ">", "99999999999999999999998"],
];

describe("the order of versions", () => {
  it("is total over systemd's chain", () => {
    CHAIN.forEach((older, i) => {
      CHAIN.forEach((newer, j) => {
        expect([older, newer, Math.sign(compareVersions(older, newer))]).toEqual([
          older,
          newer,
          Math.sign(i - j),
        ]);
      });
    });
  });

  it.each(PAIRS)("%s %s %s", (a, sign, b) => {
    const expected = sign === "<" ? -1 : sign === ">" ? 1 : 0;
    expect(Math.sign(compareVersions(a, b))).toBe(expected);
    expect(Math.sign(compareVersions(b, a))).toBe(expected === 0 ? 0 : -expected);
  });
});

describe("a pre-release", () => {
  it.each([
    ["1.0~rc1", true],
    ["1.0-rc1", true],
    ["1.0-RC", true],
    ["6.0.rc1", true],
    ["2.0beta2", true],
    ["1.4.0-alpha.1", true],
    ["2024.1-dev", true],
    ["1.0", false],
    ["1.0-3", false],
    ["1.0-arch", false],
    ["1.0-preston", false],
    ["1.0+march", false],
    ["", false],
  ])("%s: %s", (label, expected) => {
    expect(isPreRelease(label)).toBe(expected);
  });
});
