import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, it } from "vitest";
import { UpgradeForm } from "@/app/(console)/upgrade/upgrade-form";

function pageOf(count: number): string {
  const rows = Array.from({ length: count }, (_, n) => ({
    service: `s${n}`,
    from: "1",
    to: "2",
    target: `s${n}/2/1`,
    restarts: [],
    refusal: null,
  }));
  const deploy = () => Promise.reject(new Error("not pressed here"));
  return renderToStaticMarkup(
    createElement(UpgradeForm, { rows, nothing: "", limit: 100, isReadOnly: false, deploy }),
  );
}

it("bug: with more than a hundred to upgrade, the page came with more ticked than could be begun", () => {
  const page = pageOf(137);
  expect(page.match(/type="checkbox"[^>]*checked=""/g)).toHaveLength(100);
  expect(page).toContain("At most 100 can be begun at once, so of these 137 the first 100 are ticked");
  expect(page).toContain("Select the first 100");
  expect(page).not.toContain("aria-disabled");
});

it("up to a hundred come all ticked, and nothing is said of a limit", () => {
  const page = pageOf(100);
  expect(page.match(/type="checkbox"[^>]*checked=""/g)).toHaveLength(100);
  expect(page).toContain("Select all");
  expect(page).not.toContain("At most");
});
