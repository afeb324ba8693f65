import {
  ask,
  askEngine,
  attachedImage,
  expect,
  result,
  rowOf,
  signIn,
  test,
  unitProperty,
  useHost,
} from "./fixtures";

test.describe.configure({ mode: "serial" });
const host = useHost();

const STARTPAGE_LINK =
  "/etc/systemd/system.attached/multi-user.target.wants/startpage.service -> /etc/systemd/system.attached/startpage.service";

test.beforeEach(async ({ page }) => {
  await signIn(page, host());
});

test("one click upgrades, the result says so, and one click switches back", async ({ page }) => {
  const startpage = rowOf(page, "startpage");
  expect(await wantsLinks("startpage.service")).toEqual([STARTPAGE_LINK]);
  await startpage.getByRole("button", { name: "Upgrade to 1.3.0" }).click();
  await expect(startpage).toContainText("Switching startpage to 1.3.0");
  await expect(result(page, "Succeeded: startpage is on 1.3.0")).toBeVisible({ timeout: 20_000 });
  expect(await attachedImage(host(), "startpage.service")).toBe("/srv/startpage/startpage_1.3.0.raw");
  expect(await ask(host(), 8081, "/cgi-bin/index.cgi")).toContain("Start page 1.3.0");

  await page.getByRole("button", { name: "Switch back to 1.2.0" }).click();
  await expect(result(page, "Succeeded: startpage is on 1.2.0")).toBeVisible({ timeout: 20_000 });
  expect(await ask(host(), 8081, "/cgi-bin/index.cgi")).toContain("Start page 1.2.0");
  // The demo attaches with `portablectl --enable`, whose link systemd itself calls neither enabled nor disabled in one
  // way over all versions: the link is the fact, and it must survive the way there and the way back, or the service
  // would not be up after the next boot.
  expect(await wantsLinks("startpage.service")).toEqual([STARTPAGE_LINK]);
});

test("a version can be chosen on the page of its service, and its steps are named", async ({ page }) => {
  await page.getByRole("link", { name: "startpage", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "startpage" })).toBeVisible();
  await page.getByRole("button", { name: "Roll back to 1.1.0" }).last().click();
  await expect(result(page, "Watching whether 1.1.0 stays up")).toBeVisible({ timeout: 15_000 });
  await page.getByRole("link", { name: "Show the steps" }).click();
  await expect(page).toHaveURL(/\/deployments\/[0-9A-Z]{26}$/);
  await expect(result(page, "Succeeded: startpage is on 1.1.0")).toBeVisible({ timeout: 15_000 });
  for (const step of [
    "Check the new image",
    "Note the way back",
    "Reload systemd",
    "Restart startpage.service",
  ])
    await expect(page.getByRole("listitem").filter({ hasText: step }).first()).toBeVisible();

  await page.getByLabel(/reason/i).fill("the colours were wrong");
  await page.getByRole("button", { name: /save/i }).click();
  // Leaving while the form is on its way would cut it off, as in any browser.
  await expect(page.getByRole("status").filter({ hasText: "Saved" })).toBeVisible();
  await page.goto(`${host().baseUrl}/history?service=startpage`);
  await expect(page.getByText("the colours were wrong")).toBeVisible();
});

test("a click can be taken back while it waits, and nothing has happened", async ({ page }) => {
  const before = await unitProperty(host(), "guestbook.service", "InvocationID");
  const guestbook = rowOf(page, "guestbook");
  await guestbook.getByRole("button", { name: "Upgrade to 2.1.0" }).click();
  await guestbook.getByRole("button", { name: "Cancel" }).click();
  await expect(result(page, "Cancelled: nothing was changed.")).toBeVisible();
  expect(await attachedImage(host(), "guestbook.service")).toBe("/srv/guestbook/guestbook_2.0.0.raw");
  expect(await unitProperty(host(), "guestbook.service", "InvocationID")).toBe(before);
});

test("going back now interrupts the watching, and the old version runs again", async ({ page }) => {
  const guestbook = rowOf(page, "guestbook");
  await guestbook.getByRole("button", { name: "Upgrade to 2.1.0" }).click();
  await guestbook.getByRole("button", { name: "Go back now" }).click({ timeout: 15_000 });
  await expect(result(page, "Reverted: 2.0.0 is back.")).toBeVisible({ timeout: 15_000 });
  expect(await attachedImage(host(), "guestbook.service")).toBe("/srv/guestbook/guestbook_2.0.0.raw");
  expect(await unitProperty(host(), "guestbook.service", "ActiveState")).toBe("active");
});

test("entries in the guest book survive an upgrade and the way back", async ({ page }) => {
  const write = (text: string) =>
    fetch(`http://127.0.0.1:${host().hostPort(8082)}/cgi-bin/index.cgi`, {
      method: "POST",
      body: `text=${text}`,
    });
  await write("before");
  const guestbook = rowOf(page, "guestbook");
  await guestbook.getByRole("button", { name: "Upgrade to 2.1.0" }).click();
  await expect(result(page, "Succeeded: guestbook is on 2.1.0")).toBeVisible({ timeout: 20_000 });
  await write("between");
  await page.getByRole("button", { name: "Switch back to 2.0.0" }).click();
  await expect(result(page, "Succeeded: guestbook is on 2.0.0")).toBeVisible({ timeout: 20_000 });
  const book = await ask(host(), 8082, "/cgi-bin/index.cgi");
  for (const text of ["Guest book 2.0.0", "before", "between"]) expect(book).toContain(text);
  expect(Number(/Visits: (\d+)/.exec(book)?.[1])).toBeGreaterThanOrEqual(3);
});

test("two clicks make one deployment, and the second is told whose is running", async ({ page, browser }) => {
  const other = await browser.newPage({ baseURL: host().baseUrl });
  await signIn(other, host());
  await rowOf(page, "clock").getByRole("button", { name: "Upgrade to 1.1.0" }).click();
  await expect(rowOf(other, "clock")).toContainText("Switching clock to 1.1.0");
  const second = { service: "clock", version: "1.1.0", expected: "1.0.0", by: "somebody" };
  expect((await askEngine(host(), "Deploy", second)).error).toMatchObject({
    code: "deployment-running",
    params: { by: "admin" },
  });
  await expect(result(page, /Succeeded: clock/)).toBeVisible({ timeout: 20_000 });
  await other.goto(`${host().baseUrl}/history?service=clock`);
  await expect(other.getByRole("main").getByRole("link", { name: /1\.1\.0/ })).toHaveCount(1);
  await other.close();
});

test("services deploy side by side", async ({ page }) => {
  await rowOf(page, "startpage")
    .getByRole("button", { name: /^Upgrade to/ })
    .click();
  await rowOf(page, "metrics")
    .getByRole("button", { name: /^Upgrade to/ })
    .click();
  await expect(rowOf(page, "startpage")).toContainText("Switching startpage");
  await expect(rowOf(page, "metrics")).toContainText("Switching metrics");
  await expect(result(page, /Succeeded: startpage/)).toBeVisible({ timeout: 20_000 });
  await expect(result(page, /Succeeded: metrics/)).toBeVisible({ timeout: 20_000 });
  const profile = await host().mustExec([
    "readlink",
    "/etc/systemd/system.attached/metrics.service.d/10-profile.conf",
  ]);
  expect(profile).toContain("/profile/trusted/");
});

test("a version that was never here is attached, started and enabled; detaching takes it off again", async ({
  page,
}) => {
  await rowOf(page, "wiki")
    .getByRole("button", { name: /^Attach/ })
    .click();
  await expect(result(page, /Succeeded: wiki/)).toBeVisible({ timeout: 20_000 });
  expect(await unitProperty(host(), "wiki.service", "ActiveState")).toBe("active");
  expect(await unitProperty(host(), "wiki.service", "UnitFileState")).toBe("enabled");

  await page.goto(`${host().baseUrl}/services/wiki`);
  await page.getByRole("button", { name: /^Detach/ }).click();
  await expect(result(page, /Succeeded: wiki is detached/)).toBeVisible({ timeout: 20_000 });
  expect(await attachedImage(host(), "wiki.service")).toBe("");
  expect((await host().exec(["test", "-e", "/srv/wiki/wiki_2026.1.raw"])).code).toBe(0);
});

test("a unit can be restarted, which is on record too", async ({ page }) => {
  const before = await unitProperty(host(), "weather.service", "InvocationID");
  await page.goto(`${host().baseUrl}/services/weather`);
  await page.getByRole("button", { name: "Restart weather.service" }).click();
  await expect(result(page, /Succeeded: weather/)).toBeVisible({ timeout: 20_000 });
  expect(await unitProperty(host(), "weather.service", "InvocationID")).not.toBe(before);
});

test("history tells who, what, when and why, and filters by address", async ({ page }) => {
  await page.goto(`${host().baseUrl}/history?outcome=reverted`);
  const rows = page.getByRole("main").getByRole("link", { name: /guestbook|2\.1\.0/ });
  await expect(rows.first()).toBeVisible();
  await expect(page.getByRole("main")).toContainText("admin");
  await rows.first().click();
  await expect(page).toHaveURL(/\/deployments\//);
  await expect(result(page, "Somebody chose to go back.")).toBeVisible();
});

/** What makes a unit start at boot: the links to it, each with what it points at. */
async function wantsLinks(unit: string): Promise<string[]> {
  const found = ["-type", "l", "-path", "*.wants/*", "-name", unit, "-printf", "%p -> %l\n"];
  const links = await host().mustExec(["find", "/etc/systemd", "/run/systemd", ...found]);
  return links.split("\n").filter((line) => line !== "");
}
