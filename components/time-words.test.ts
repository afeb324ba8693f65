import { describe, expect, it } from "vitest";
import { duration, graceWords, isoTime, timeAgo, utcStamp } from "@/components/time-words";

const NOW = Date.UTC(2026, 10, 23, 12, 0, 0);
const S = 1000;
const MIN = 60 * S;
const H = 60 * MIN;
const D = 24 * H;

describe("timeAgo", () => {
  const cases: [age: number, words: string][] = [
    [0, "just now"],
    [-30 * S, "just now"],
    [-2 * H, "2026-11-23"],
    [12 * S, "12 s ago"],
    [59 * S, "59 s ago"],
    [3 * MIN + 59 * S, "3 min ago"],
    [5 * H, "5 h ago"],
    [30 * H, "yesterday"],
    [3 * D, "3 days ago"],
    [13 * D, "13 days ago"],
    [14 * D, "2026-11-09"],
  ];
  it.each(cases)("%i ms ago is %s", (age, words) => {
    expect(timeAgo(NOW - age, NOW)).toBe(words);
  });
});

describe("duration", () => {
  const cases: [ms: number, words: string][] = [
    [-1, "0 s"],
    [4, "4 ms"],
    [99, "99 ms"],
    [412, "0.4 s"],
    [12_400, "12 s"],
    [3 * MIN + 4 * S, "3 min 4 s"],
    [2 * MIN, "2 min"],
    [2 * H + 5 * MIN, "2 h 5 min"],
    [30 * H, "1 day"],
    [12 * D + H, "12 days"],
  ];
  it.each(cases)("%i ms is %s", (ms, words) => {
    expect(duration(ms)).toBe(words);
  });
});

describe("bug: the help promised a time to cancel that a host may not give", () => {
  it.each([
    [0, "This host waits for nobody: a click takes effect at once."],
    [3000, "Nothing that runs is touched during the first 3 s, so a click can be cancelled."],
    [1500, "Nothing that runs is touched during the first 1.5 s, so a click can be cancelled."],
    [10_000, "Nothing that runs is touched during the first 10 s, so a click can be cancelled."],
  ])("%i ms", (ms, words) => expect(graceWords(ms)).toBe(words));
});

describe("stamps", () => {
  it("are in UTC", () => expect(utcStamp(NOW)).toBe("2026-11-23 12:00:00 UTC"));
  it("survive a time that no calendar has", () => expect(isoTime(1e300)).toBe("1970-01-01T00:00:00.000Z"));
});
