import { askEngine, expect, result, rowOf, signIn, test, useHost } from "./fixtures";
import { placeImage } from "./lab/fill";
import { buildImage } from "./lab/image";

test.describe.configure({ mode: "serial" });
const host = useHost();

const LEDGER = "/srv/ledger-data";
let ledgerFailedAt = 0;

test.beforeEach(async ({ page }) => {
  await signIn(page, host());
});

test("a version that wants a directory of the host would not start without it", async ({ page }) => {
  const unit = `[Service]\nExecStart=/usr/bin/busybox tail -f /dev/null\nBindPaths=${LEDGER}:/data\n`;
  const spec = { service: "ledger", version: "1.0.0", directories: ["/data"] };
  placeImage(host(), await buildImage({ ...spec, units: { "ledger.service": unit } }), "/srv/ledger");
  await expect(rowOf(page, "ledger")).toBeVisible({ timeout: 15_000 });
  await page.goto(`${host().baseUrl}/services/ledger`);
  await expect(page.getByText(`Would not start: the host has no ${LEDGER}`)).toBeVisible({ timeout: 20_000 });
  ledgerFailedAt = Date.now();
  await expect(page.getByRole("main").locator(".primary")).toHaveCount(0);
});

test("bug: on the page of a service a deployment began and ended without a word, and the focus was lost", async ({
  page,
}) => {
  await page.goto(`${host().baseUrl}/services/startpage`);
  const [status, alert] = [
    page.getByRole("main").getByRole("status"),
    page.getByRole("main").getByRole("alert"),
  ];
  const button = page.getByRole("button", { name: "Upgrade to 1.3.0" }).first();
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await expect(status.first()).toBeEmpty();
  await button.focus();
  await page.keyboard.press("Enter");
  await expect(status.first()).toHaveText(
    "Switching startpage to 1.3.0 in 3 s. Until then it can be cancelled.",
  );
  await expect(page.getByRole("button", { name: "Cancel" })).toBeFocused();
  await expect(page.getByRole("button", { name: "Go back now" })).toBeFocused({ timeout: 15_000 });
  await expect(status.first()).toHaveText("Watch whether it stays up: startpage.service");
  await page.keyboard.press("Enter");
  await expect(alert.first()).toHaveText("Reverted: 1.2.0 is back.", { timeout: 20_000 });
  await expect(status.first()).toBeEmpty();
  await expect(result(page, "Reverted: 1.2.0 is back.")).toBeVisible();
  const focused = () =>
    page.evaluate(() => document.activeElement?.contains(document.querySelector(".result")));
  await expect.poll(focused).toBe(true);
  expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("DIV");
});

test("bug: a version that a person took back was said not to have stayed up", async ({ page }) => {
  await page.goto(`${host().baseUrl}/services/startpage`);
  const row = page
    .getByRole("region", { name: "Versions" })
    .getByRole("listitem")
    .filter({ has: page.getByRole("heading", { name: "1.3.0", exact: true }) });
  await expect(row).toContainText("Taken back by hand");
  await expect(row).not.toContainText("Did not stay up");
});

test("bug: in the list nothing was said of the start, and the focus was lost", async ({ page }) => {
  const status = page.getByRole("main").getByRole("status");
  await rowOf(page, "guestbook").getByRole("button", { name: "Upgrade to 2.1.0" }).focus();
  await page.keyboard.press("Enter");
  await expect(status).toHaveText("Switching guestbook to 2.1.0 in 3 s. Until then it can be cancelled.");
  await expect(rowOf(page, "guestbook").getByRole("button", { name: "Cancel" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(status).toHaveText("guestbook: Cancelled: nothing was changed.");
  await expect(page.getByRole("link", { name: "guestbook", exact: true })).toBeFocused();
});

test("bug: “Switch back” was offered where a freeze would refuse it", async ({ page }) => {
  await rowOf(page, "startpage").getByRole("button", { name: "Roll back to 1.1.0" }).click();
  const ended = result(page, "Succeeded: startpage is on 1.1.0");
  await expect(ended).toBeVisible({ timeout: 20_000 });
  const back = page.getByRole("button", { name: "Switch back to 1.2.0" });
  await expect(back).toBeVisible();
  const freeze = { service: "startpage", reason: "the fair is on", until: null, by: "test" };
  expect((await askEngine(host(), "Freeze", freeze)).ok).toBe(true);
  await expect(back).toHaveCount(0);
  await ended.getByRole("link", { name: "Show the deployment" }).click();
  await expect(result(page, "Succeeded: startpage is on 1.1.0")).toBeVisible();
  await expect(page.getByRole("heading", { level: 1, name: "Rollback to 1.1.0" })).toBeVisible();
  await expect(back).toHaveCount(0);
  const thaw = { service: "startpage", reason: "over", by: "test" };
  expect((await askEngine(host(), "Unfreeze", thaw)).ok).toBe(true);
  await expect(back).toBeVisible();
});

test("bug: what would not start stayed so after the host was mended", async ({ page }) => {
  test.setTimeout(120_000);
  await host().mustExec(["mkdir", LEDGER]);
  await page.waitForTimeout(Math.max(0, ledgerFailedAt + 61_000 - Date.now()));
  await page.goto(`${host().baseUrl}/services/ledger`);
  await expect(page.getByRole("button", { name: "Attach 1.0.0" }).first()).toBeVisible({ timeout: 20_000 });
  await expect(page.getByText("Would not start")).toHaveCount(0);
});

test("bug: without a database the page of a deployment was the one for what nobody foresaw", async ({
  page,
}) => {
  await rowOf(page, "startpage")
    .getByRole("link", { name: /1\.1\.0/ })
    .click();
  await expect(page.getByRole("heading", { level: 1, name: "Rollback to 1.1.0" })).toBeVisible();
  await host().mustExec(["mv", "/var/lib/attache/attache.db", "/var/lib/attache/away.db"]);
  await page.reload();
  await expect(page.getByRole("heading", { level: 1, name: "Deployment" })).toBeVisible();
  await expect(page.getByText(/There is no history yet|The history cannot be read/)).toBeVisible();
  await expect(page.getByText("This page could not be shown")).toHaveCount(0);
  await host().mustExec(["mv", "/var/lib/attache/away.db", "/var/lib/attache/attache.db"]);
  await page.reload();
  await expect(page.getByRole("heading", { level: 1, name: "Rollback to 1.1.0" })).toBeVisible();
});
