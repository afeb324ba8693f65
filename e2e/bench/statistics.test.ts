import { describe, expect, it } from "vitest";
import { median, quantile, round, slope } from "./statistics";

describe("statistics", () => {
  it.each([
    [[3], 3],
    [[3, 1, 2], 2],
    [[4, 1, 3, 2], 2.5],
    [[10, 9, 1], 9],
  ])("median of %j is %d", (values, expected) => expect(median(values)).toBe(expected));

  it.each([
    [[1, 2, 3, 4], 0.75, 3],
    [[4, 3, 2, 1], 0.75, 3],
    [Array.from({ length: 20 }, (_, n) => n + 1), 0.95, 19],
    [[7], 0.95, 7],
  ])("of %j, %d lie at or below", (values, share, expected) =>
    expect(quantile(values, share)).toBe(expected),
  );

  it("the slope is of the line that lies nearest", () => {
    expect(
      slope([
        [0, 1],
        [1, 3],
        [2, 5],
      ]),
    ).toBe(2);
    expect(
      slope([
        [0, 1],
        [1, 4],
        [2, 1],
      ]),
    ).toBe(0);
    expect(slope([[1, 1]])).toBeNaN();
  });

  it("has nothing to say of nothing", () => {
    expect(median([])).toBeNaN();
    expect(quantile([], 0.5)).toBeNaN();
  });

  it.each([
    [1.005, 0, 1],
    [0.14999, 2, 0.15],
    [12.345, 1, 12.3],
  ])("%d with %d digits is %d", (value, digits, expected) => expect(round(value, digits)).toBe(expected));
});
