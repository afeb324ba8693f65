import { expect, it } from "vitest";
import { readBootId } from "@/lib/systemd/boot-id";

it("this boot has one name", () => {
  expect(readBootId()).toBe(readBootId());
  expect(readBootId()).toMatch(/^[0-9a-f-]{36} \d+$/);
});
