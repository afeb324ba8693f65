import { expect, it } from "vitest";
import { pageTitle, withFailures } from "@/components/page-title";

it("names page, host and failures", () => {
  expect(pageTitle("Services", "web7", 0)).toBe("Services · web7 — Attaché");
  expect(pageTitle("Services", "web7", 2)).toBe("(2 failed) Services · web7 — Attaché");
});

it("replaces the count", () => {
  expect(withFailures("(1 failed) Services", 12)).toBe("(12 failed) Services");
  expect(withFailures("(1 failed) Services", 0)).toBe("Services");
});
