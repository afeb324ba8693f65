import { expect, it } from "vitest";
import { createIds } from "@/lib/engine/ids";

it("ids sort by the order of requests, whatever the clock does meanwhile", () => {
  let now = 1_800_000_000_000;
  const YEAR = 365 * 24 * 3600 * 1000;
  const first = createIds(null, () => now);
  const ids = [first(), first()];
  now += YEAR;
  ids.push(first());
  now -= 2 * YEAR;
  ids.push(first());
  const second = createIds(ids.at(-1) ?? null, () => now); // the engine starts again
  ids.push(second(), second());
  expect(ids).toEqual([...ids].sort());
  expect(new Set(ids).size).toBe(ids.length);
});
