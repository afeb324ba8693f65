import type { Locator, Page } from "@playwright/test";
import { askEngine, attachedImage, expect, runningDeployments, signIn, test, useHost } from "./fixtures";
import { expectSound } from "./sound";

test.describe.configure({ mode: "serial" });
const host = useHost({ env: { ATTACHE_GRACE_MS: 0, ATTACHE_SETTLE_MS: 1500 } });

/** Presses a button whose request loses its session on the way: the one error that every action can be made to end with. */
async function pressInVain(page: Page, button: Locator): Promise<void> {
  await page.route("**", async (route) => {
    if (route.request().method() !== "POST") return route.fallback();
    const headers = { ...(await route.request().allHeaders()), cookie: "attache-session=lost" };
    return route.fulfill({ response: await route.fetch({ headers }) });
  });
  await button.click();
  await expect(page.getByRole("alert").filter({ hasText: "This page is locked" })).toBeVisible();
  await page.unrouteAll();
}

async function openUpgrade(page: Page): Promise<void> {
  await page.goto(`${host().baseUrl}/upgrade`);
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
}

/** The box of a service on the page that upgrades several. */
function boxOf(page: Page, service: string): Locator {
  return page.getByRole("listitem").filter({ hasText: service }).getByRole("checkbox");
}

test("all and none by the keyboard alone", async ({ page }) => {
  await signIn(page, host());
  await page.setViewportSize({ width: 360, height: 800 });
  const all = 7;
  await expect(async () => {
    await openUpgrade(page);
    // After a boot images are opened one by one, and what comes onto the list later is not ticked.
    await expect(page.getByRole("checkbox", { checked: true })).toHaveCount(all, { timeout: 1000 });
  }).toPass();
  const begin = page.getByRole("button", { name: /^Upgrade th/ });
  await expect(begin).toHaveText(`Upgrade these ${all}`);
  await page.getByRole("button", { name: "Select all" }).focus();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("button", { name: "Select none" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("checkbox", { checked: true })).toHaveCount(0);
  await expect(page.getByRole("status").filter({ hasText: `0 of ${all} chosen` })).toBeVisible();
  await expect(begin).toHaveAttribute("aria-disabled", "true");
  await expect(begin).toHaveAccessibleDescription("Choose at least one service.");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Space");
  await expect(page.getByRole("checkbox", { checked: true })).toHaveCount(all);
  await expect(begin).not.toHaveAttribute("aria-disabled");
});

test("bug: after an error on the page of a service its lists fell back to their first choice", async ({
  page,
}) => {
  await signIn(page, host());
  await page.goto(`${host().baseUrl}/services/startpage`);
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  const length = page.getByLabel("Length of the trial");
  await length.selectOption("for an hour");
  await pressInVain(page, page.getByRole("button", { name: "Upgrade to 1.3.0 on trial" }));
  await expect(length).toHaveValue("60");
  await page.getByRole("button", { name: "Dismiss" }).click();

  const marks = page.getByRole("region", { name: "Marks and freezes" });
  await marks.getByText("Freeze this service").click();
  await marks.getByLabel("How long").selectOption("for a day");
  await marks.getByLabel("Why nobody may move it on").fill("the fair is on");
  await pressInVain(page, marks.getByRole("button", { name: "Freeze", exact: true }));
  await expect(marks.getByLabel("How long")).toHaveValue("1d");
  await expect(marks.getByLabel("Why nobody may move it on")).toHaveValue("the fair is on");
  await marks.getByRole("button", { name: "Dismiss" }).click();

  await marks.getByText("Mark a version").click();
  await marks.getByLabel("Version").selectOption("1.1.0");
  await marks.getByLabel("Why it is not to be offered").fill("it forgets");
  await pressInVain(page, marks.getByRole("button", { name: "Mark it" }));
  await expect(marks.getByLabel("Version")).toHaveValue("1.1.0");
  await marks.getByRole("button", { name: "Mark it" }).click();
  await expect(marks).toContainText("1.1.0 was marked by admin: “it forgets”.");
  await expect(marks).not.toContainText("1.3.0 was marked");
});

test("bug: after an error every service was ticked again, and more was upgraded than the button said", async ({
  page,
}) => {
  await signIn(page, host());
  await openUpgrade(page);
  await page.getByRole("button", { name: "Select none" }).click();
  await boxOf(page, "guestbook").check();
  await boxOf(page, "metrics").check();
  await boxOf(page, "weather").check();
  await boxOf(page, "weather").uncheck();
  await page.getByLabel("Go on with the others").check();
  await page.getByLabel("Reason").fill("the monthly round");
  const begin = page.getByRole("button", { name: "Upgrade these 2" });
  await pressInVain(page, begin);
  // At once: whatever makes the page draw itself anew would put the ticks right, a moment or an hour later.
  expect(await page.getByRole("checkbox", { checked: true }).count()).toBe(2);
  await expect(boxOf(page, "guestbook")).toBeChecked();
  await expect(boxOf(page, "metrics")).toBeChecked();
  await expect(page.getByLabel("Go on with the others")).toBeChecked();
  await expect(page.getByLabel("Reason")).toHaveValue("the monthly round");
  await begin.click();
  await expect(page).toHaveURL(/\/history\?batch=/);
  await expect(page.getByText("the monthly round")).toHaveCount(2);
  await expect.poll(async () => (await runningDeployments(host())).length, { timeout: 30_000 }).toBe(0);
  expect(await attachedImage(host(), "guestbook.service")).toContain("_2.1.0");
  expect(await attachedImage(host(), "metrics.service")).toContain("_0.10.0");
  expect(await attachedImage(host(), "weather.service")).toContain("_3.2.0");
  expect(await attachedImage(host(), "startpage.service")).toContain("_1.2.0");
});

test("bug: of several that were refused only the first was named", async ({ page }) => {
  await signIn(page, host());
  // A page that hears nothing goes on offering what the host has moved past.
  await page.route("**/api/events*", (route) => route.abort());
  await page.goto(`${host().baseUrl}/upgrade`);
  await page.getByRole("button", { name: "Select none" }).click();
  for (const service of ["weather", "gallery", "clock"]) await boxOf(page, service).check();
  await page.getByLabel("Go on with the others").check();
  const deploy = { service: "weather", version: "3.3.0", expected: "3.2.0", by: "test", graceMs: 0 };
  expect(await askEngine(host(), "Deploy", deploy)).toMatchObject({ ok: true });
  await expect.poll(async () => (await runningDeployments(host())).length, { timeout: 30_000 }).toBe(0);
  const freeze = { service: "gallery", reason: "the fair is on", until: null, by: "test" };
  expect(await askEngine(host(), "Freeze", freeze)).toMatchObject({ ok: true });

  await page.getByRole("button", { name: "Upgrade these 3" }).click();
  const problem = page.getByRole("alert").filter({ hasText: "refused" });
  await expect(problem).toContainText("2 of 3 were refused; the other one was begun.");
  await expect(problem.getByRole("listitem")).toHaveText([
    /^gallery: Frozen by test: “the fair is on”/,
    /^weather: The host has moved on: this page showed 3\.2\.0, but 3\.3\.0 is attached now/,
  ]);
  await page.setViewportSize({ width: 360, height: 800 });
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await expectSound(page, `what was refused, ${colorScheme}`);
  }
  await problem.getByRole("link", { name: "Show what was begun" }).click();
  await expect(page).toHaveURL(/\/history\?batch=[0-9A-Z]{26}$/);
  const begun = page.getByRole("main").getByRole("listitem");
  await expect(begun).toHaveCount(1);
  await expect(begun).toContainText("clock");
});
