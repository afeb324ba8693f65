import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { shareLooks } from "@/lib/deploy/share";

it("shareLooks: a hundred questions are two looks, and none was begun before its question", async () => {
  let begun = 0;
  const look = shareLooks(async () => {
    const mine = ++begun;
    await sleep(5);
    return mine;
  });
  const first = look();
  const rest = await Promise.all(Array.from({ length: 99 }, look));
  expect(await first).toBe(1);
  expect(new Set(rest)).toEqual(new Set([2]));
  expect(await look()).toBe(3);
});

it("shareLooks: one that fails does not stop the next", async () => {
  let begun = 0;
  const look = shareLooks(async () => {
    if (++begun === 1) throw new Error("first");
    return begun;
  });
  const [first, second] = await Promise.allSettled([look(), look()]);
  expect([first.status, second]).toEqual(["rejected", { status: "fulfilled", value: 2 }]);
});
