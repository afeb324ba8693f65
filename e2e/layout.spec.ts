import type { Locator } from "@playwright/test";
import { askEngine, expect, result, runningDeployments, signIn, test, useHost } from "./fixtures";
import { expectSound } from "./sound";

test.describe.configure({ mode: "serial" });
const host = useHost({ env: { ATTACHE_GRACE_MS: 0, ATTACHE_SETTLE_MS: 1500 } });

test("bug: at 1280 px a long state or pill overprinted the next column", async ({ page }) => {
  await page.setViewportSize({ width: 1280, height: 800 });
  await signIn(page, host());
  await host().mustExec(["portablectl", "reattach", "--now", "/srv/startpage/startpage_1.3.0.raw"]);
  await askEngine(host(), "Deploy", { service: "fragile", version: "1.1.0", expected: "1.0.0", by: "test" });
  await expect.poll(async () => (await runningDeployments(host())).length, { timeout: 30_000 }).toBe(0);

  await page.goto(`${host().baseUrl}/history`);
  await expect(page.getByText("Done outside Attaché").first()).toBeVisible();
  expect(await overprinted(page.locator(".timeline > li"))).toEqual([]);
  await page.goto(`${host().baseUrl}/services/startpage`);
  expect(await overprinted(page.locator(".timeline > li"))).toEqual([]);
  await page.goto(`${host().baseUrl}/services/fragile`);
  await expect(page.getByText(/Did not stay up/).first()).toBeVisible();
  expect(await overprinted(page.locator(".versions > li"))).toEqual([]);
});

test("bug: at 360 px a path in a long message made the page of a deployment scroll sideways", async ({
  page,
}) => {
  await page.setViewportSize({ width: 360, height: 800 });
  await signIn(page, host());
  await page.goto(`${host().baseUrl}/services/fragile`);
  await page.getByRole("link", { name: "Upgrade to 1.1.0" }).first().click();
  await expect(result(page, "Reverted: 1.0.0 is back.")).toBeVisible();
  const long = `EACCES: permission denied, rename '/etc/systemd/${"attached".repeat(12)}'`;
  await page
    .locator(".result p, .step-message")
    .evaluateAll((all, text) => all.map((one) => one.append(text)), long);
  await expectSound(page, "a long message");
});

/** Rows of which one cell's text reaches into the cell to its right. */
function overprinted(rows: Locator): Promise<string[]> {
  return rows.evaluateAll((all) =>
    all.flatMap((row) => {
      const boxes = [...row.children].map((cell) => {
        const range = document.createRange();
        range.selectNodeContents(cell);
        return range.getBoundingClientRect();
      });
      const isOver = boxes.some((box, index) =>
        boxes
          .slice(index + 1)
          .some((next) => next.top < box.bottom && next.bottom > box.top && next.left < box.right),
      );
      return isOver ? [row.textContent ?? ""] : [];
    }),
  );
}
