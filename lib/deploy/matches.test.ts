import { describe, expect, it } from "vitest";
import { choiceForSwitch, choiceOf, isMatch } from "@/lib/deploy/matches";
import type { ImageFacts } from "@/lib/images/types";

const facts = (units: string[], prefixes: string[] = []): ImageFacts => ({ osRelease: {}, units, prefixes });
const ALL = ["web-a.service", "web-b.service", "web.service"];

describe("which units of an image are asked for", () => {
  it.each([
    ["everything, no prefixes declared", facts(ALL), ALL, ["web"]],
    ["everything, prefixes declared", facts(ALL, ["web"]), ALL, ["web"]],
    ["a part, no prefixes declared", facts(ALL), ["web-a.service"], ["web-a"]],
    ["a part, one of two prefixes", facts(["api.service", ...ALL], ["web", "api"]), ["api.service"], ["api"]],
  ])("%s", (_name, image, attached, matches) => {
    expect(choiceOf(image, "web", attached)).toEqual({ matches, units: attached });
  });

  it("bug: a part stays a part through an upgrade", () => {
    const old = facts(ALL);
    const choice = choiceOf(old, "web", ["web-a.service"]);
    const next = choiceForSwitch({ choice, facts: old }, facts([...ALL, "web-a-2.service"]), "web");
    expect(next.units).toEqual(["web-a.service", "web-a-2.service"]);
  });

  it("all of it stays all of it, new units included", () => {
    const old = facts(ALL);
    const choice = choiceOf(old, "web", ALL);
    expect(choiceForSwitch({ choice, facts: old }, facts([...ALL, "web-c.service"]), "web")).toEqual({
      matches: ["web"],
      units: [...ALL, "web-c.service"],
    });
  });

  it.each([
    ["web.service", "web", true],
    ["web-a.service", "web", true],
    ["web@.service", "web", true],
    ["webadmin.service", "web", false],
  ])("%s by %s: %s", (unit, prefix, is) => {
    expect(isMatch(unit, prefix)).toBe(is);
  });
});
