import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, expect, it } from "vitest";
import { createReserve, lacks } from "@/lib/deploy/reserve";

const made: string[] = [];
afterEach(async () => {
  for (const directory of made.splice(0)) await rm(directory, { recursive: true });
});

it("a reserve holds space and file names until it is released", async () => {
  const root = await mkdtemp(path.join(tmpdir(), "attache-reserve-"));
  made.push(root);
  const place = path.join(root, "reserve");
  const reserve = createReserve(place);
  await reserve.fill();
  expect((await readdir(place)).length).toBe(65);
  const { size, blocks } = await stat(path.join(place, "space"));
  expect([size, blocks * 512 >= size]).toEqual([2 * 1024 * 1024, true]);
  await reserve.release();
  expect(await readdir(root)).toEqual([]);
  await reserve.fill();
  expect((await readdir(place)).length).toBe(65);
});

it("a directory that is not there yet is looked at where it would be made", async () => {
  expect(await lacks(path.join(tmpdir(), "not-there"))).toBe(null);
});
