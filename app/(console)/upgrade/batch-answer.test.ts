import { expect, it } from "vitest";
import { sayRefused } from "@/app/(console)/upgrade/batch-answer";

it.each([
  [1, 0, 1, "It was refused, so nothing was begun."],
  [3, 0, 3, "All 3 were refused, so none was begun."],
  [1, 0, 3, "1 of 3 was refused, so none was begun. Leave it out, or choose to go on with the others."],
  [2, 0, 3, "2 of 3 were refused, so none was begun. Leave them out, or choose to go on with the others."],
  [1, 1, 2, "1 of 2 was refused; the other one was begun."],
  [2, 3, 5, "2 of 5 were refused; the other 3 were begun."],
])("%i refused, %i begun, of %i", (refused, begun, asked, words) => {
  const each = { service: "web", why: { code: "frozen", params: {} } };
  expect(sayRefused({ batch: "01", begun, refused: Array(refused).fill(each) }, asked)).toBe(words);
});
