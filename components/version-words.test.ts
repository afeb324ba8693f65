import { expect, it } from "vitest";
import { takenBackWords } from "@/components/version-words";

it.each([
  ["unit-stopped", "Did not stay up"],
  ["job-failed", "Did not start"],
  ["probe-failed", "Failed a probe"],
  ["sent-back", "Taken back by hand"],
  ["trial-over", "Taken back when its trial was over"],
  ["way-back-fired", "Interrupted and taken back"],
  ["could-not-go-back", "Neither it nor what was there before came up"],
  ["bus-unreachable", "Taken back"],
  ["toString", "Taken back"],
])("bug: a version was said not to have stayed up, whatever took it back: %s", (code, words) => {
  expect(takenBackWords({ code, params: {} })).toBe(words);
});

it("says no more than it knows where no reason is on record", () => {
  expect(takenBackWords(null)).toBe("Taken back");
});
