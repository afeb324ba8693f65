import { describe, expect, it } from "vitest";
import { type DeployTarget, readSegment, readTarget, servicePath, writeTarget } from "@/components/target";

describe("target", () => {
  const targets: DeployTarget[] = [
    { service: "startpage", version: "1.3.0", expected: "1.2.0" },
    { service: "wiki", version: "1.0.0", expected: null },
    { service: "plain", version: "", expected: "" },
    { service: "web", version: "1", expected: "1", layers: { themes: "2", fonts: "" } },
    { service: "odd name", version: "1|2+3", expected: "~rc1" },
  ];
  it.each(targets)("survives the way through a form: %j", (target) => {
    expect(readTarget(writeTarget(target))).toEqual(target);
  });

  it.each(["", "startpage", "/1.0", "a/b/c/d"])("refuses %j", (text) => {
    expect(readTarget(text)).toBeNull();
  });
});

describe("service path", () => {
  it.each(["web", "a b", "ü%", "x?y#z"])("survives the way through an address: %s", (name) => {
    expect(readSegment(servicePath(name).slice("/services/".length))).toBe(name);
  });
  it("takes a broken escape as it is", () => expect(readSegment("%zz")).toBe("%zz"));
});
