import { expect, it } from "vitest";
import { sinceBoot } from "@/lib/drift/boot";
import type { AttachedState } from "@/lib/drift/types";

const state = (location: AttachedState["location"], boot?: string): AttachedState => ({
  path: "/srv/web_1.0.raw",
  extensions: [],
  profile: "default",
  location,
  units: ["web.service"],
  attachedAt: 1,
  image: null,
  files: {},
  ...(boot === undefined ? {} : { boot }),
});

it.each([
  ["a runtime attachment of this boot stays", state("runtime", "b"), true],
  ["one of an earlier boot ended with it", state("runtime", "a"), false],
  ["one of which the boot is not on record is of an earlier one", state("runtime"), false],
  ["a persistent one outlives every boot", state("persistent"), true],
])("%s", (_name, seen, isThere) => {
  const expected = isThere ? seen : null;
  expect(sinceBoot({ deployed: seen, seen }, "b")).toEqual({ deployed: expected, seen: expected });
});

it("each is judged by itself: a persistent deployment that others had moved to the runtime", () => {
  const deployed = state("persistent");
  expect(sinceBoot({ deployed, seen: state("runtime", "a") }, "b")).toEqual({ deployed, seen: null });
});
