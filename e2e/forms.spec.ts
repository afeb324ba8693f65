import type { Locator, Page } from "@playwright/test";
import { expect, signIn, test, useHost } from "./fixtures";

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
