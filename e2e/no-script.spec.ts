import { askEngine, attachedImage, expect, result, rowOf, signIn, test, useHost } from "./fixtures";

test.describe.configure({ mode: "serial" });
const host = useHost({ env: { ATTACHE_GRACE_MS: 1500 } });

/** Answered by the server alone: what there is to see comes with the page that follows the click. */
async function openedLink(page: Parameters<typeof signIn>[0]): Promise<void> {
  await page.goto(host().openLink());
  await expect(page.getByRole("heading", { level: 1, name: "Services" })).toBeVisible();
}

/** The box of a service on the page that upgrades several. */
function boxOf(page: Parameters<typeof signIn>[0], service: string) {
  return page.getByRole("listitem").filter({ hasText: service }).getByRole("checkbox");
}

test("a click before the scripts have arrived starts the deployment", async ({ page }) => {
  await signIn(page, host());
  await page.route("**/_next/static/chunks/**", async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 4000));
    await route.continue();
  });
  await page.goto(`${host().baseUrl}/services/startpage`, { waitUntil: "commit" });
  await page.getByRole("button", { name: "Upgrade to 1.3.0" }).first().click({ noWaitAfter: true });
  await expect(page.getByText("Switching startpage to 1.3.0").first()).toBeVisible({ timeout: 15_000 });
  await expect(page).toHaveURL(`${host().baseUrl}/services/startpage`);
  await expect(result(page, "Succeeded: startpage is on 1.3.0")).toBeVisible({ timeout: 30_000 });
});

test("without JavaScript the buttons of the list and of a service's page work", async ({ browser }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await openedLink(page);
  await rowOf(page, "guestbook").getByRole("button", { name: "Upgrade to 2.1.0" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Services" })).toBeVisible();
  await expect(rowOf(page, "guestbook")).toContainText("Switching guestbook to 2.1.0");
  await expect
    .poll(() => attachedImage(host(), "guestbook.service"), { timeout: 20_000 })
    .toContain("_2.1.0");

  await page.goto(`${host().baseUrl}/services/metrics`);
  await page.getByRole("button", { name: "Upgrade to 0.10.0" }).first().click();
  await expect(page.getByRole("heading", { level: 1, name: "metrics" })).toBeVisible();
  await expect(page.getByText("Switching metrics to 0.10.0").first()).toBeVisible();
  await page.getByRole("button", { name: "Cancel" }).first().click();
  await expect(page.getByRole("heading", { level: 1, name: "metrics" })).toBeVisible();
  expect(await attachedImage(host(), "metrics.service")).toContain("_0.9.0");
  await context.close();
});

test("without JavaScript several are upgraded, and after an error the choice stands as it was left", async ({
  browser,
}) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await openedLink(page);
  await page.goto(`${host().baseUrl}/upgrade`);
  await expect(page.getByRole("button", { name: "Select all" })).toHaveCount(0);
  for (const box of await page.getByRole("checkbox", { disabled: false }).all()) await box.uncheck();
  await page.getByLabel("Reason").fill("one\ntwo");
  await page.getByLabel("Go on with the others").check();
  const begin = page.getByRole("button", { name: "Upgrade those chosen" });
  await begin.click();
  await expect(page.getByRole("alert")).toContainText("Choose at least one service.");
  await expect(page.getByRole("checkbox", { checked: true })).toHaveCount(0);
  await expect(page.getByLabel("Go on with the others")).toBeChecked();
  await expect(page.getByLabel("Reason")).toHaveValue("one\ntwo");

  for (const service of ["gallery", "metrics", "clock"]) await boxOf(page, service).check();
  await page.getByLabel(/^Stop/).check();
  const freeze = { service: "gallery", reason: "the fair is on", until: null, by: "test" };
  expect(await askEngine(host(), "Freeze", freeze)).toMatchObject({ ok: true });
  await begin.click();
  await expect(page.getByRole("alert")).toContainText("1 of 3 was refused, so none was begun. Leave it out");
  await expect(page.getByRole("alert")).toContainText("gallery: Frozen by test: “the fair is on”.");
  await expect(page.getByRole("checkbox", { checked: true })).toHaveCount(2);
  await begin.click();
  await expect(page).toHaveURL(/\/history\?batch=/);
  for (const [service, version] of [
    ["metrics", "0.10.0"],
    ["clock", "1.1.0"],
  ] as const)
    await expect
      .poll(() => attachedImage(host(), `${service}.service`), { timeout: 20_000 })
      .toContain(`_${version}`);
  await context.close();
});

test("bug: a box unticked before the scripts had arrived was ticked again by a click on another", async ({
  page,
}) => {
  await signIn(page, host());
  await page.route("**/_next/static/chunks/**", async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 3000));
    await route.continue();
  });
  await page.goto(`${host().baseUrl}/upgrade`, { waitUntil: "commit" });
  await boxOf(page, "weather").uncheck();
  await expect(page.getByText("Live", { exact: true })).toBeVisible({ timeout: 15_000 });
  const all = await page.getByRole("checkbox", { disabled: false }).count();
  await expect(page.getByText(`${all - 1} of ${all} chosen`)).toBeVisible();
  await boxOf(page, "fragile").uncheck();
  await expect(boxOf(page, "weather")).not.toBeChecked();
  await expect(page.getByText(`${all - 2} of ${all} chosen`)).toBeVisible();
});

test("a form sent from another origin starts nothing", async ({ browser }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await openedLink(page);
  const form = await page.locator("#deploy").innerHTML();
  await page.route("http://elsewhere.test/", (route) =>
    route.fulfill({
      contentType: "text/html",
      body: `<form method="post" enctype="multipart/form-data" action="${host().baseUrl}/">${form}
        <button name="target" value="weather/3.3.0/3.2.0">Go</button></form>`,
    }),
  );
  await page.goto("http://elsewhere.test/");
  const [sent] = await Promise.all([
    page.waitForRequest((one) => one.method() === "POST"),
    page.getByRole("button", { name: "Go" }).click(),
  ]);
  const { cookie, referer } = await sent.allHeaders();
  expect([cookie, referer]).toEqual([undefined, "http://elsewhere.test/"]);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  expect(await attachedImage(host(), "weather.service")).toContain("_3.2.0");
  await context.close();
});

test("nobody else can be where a browser looks for localhost first", async () => {
  const listen = `require("net").createServer().on("error", (e) => { console.log(e.code); process.exit(0) })
    .listen(${host().port}, "::1", () => { console.log("listening"); process.exit(0) })`;
  expect((await host().mustExec(["node", "-e", listen], { user: "guestbook" })).trim()).toBe("EADDRINUSE");
  const reached = `fetch("http://[::1]:${host().port}/locked").then((r) => console.log(r.status))`;
  expect((await host().mustExec(["node", "-e", reached])).trim()).toBe("421"); // it is ours, and by that name it says no
  const journal = await host().mustExec(["journalctl", "--no-pager", "-u", "attache-web.service"]);
  expect(journal).toContain("root finds the link in /run/attache-web/link");
  expect(journal).not.toContain("token=");
});

test("where somebody else holds that place, the server does not start", async () => {
  await host().mustExec(["systemctl", "stop", "attache-web.service"]);
  const squat = `require("net").createServer().listen(${host().port}, "::1")`;
  const unit = ["systemd-run", "--unit=squatter", "--uid=nobody", "node", "-e", squat];
  await host().mustExec(unit);
  await expect
    .poll(async () => (await host().exec(["sh", "-c", `ss -6ltn 2>/dev/null || cat /proc/net/tcp6`])).stdout)
    .toMatch(
      new RegExp(`::1\\]:${host().port}|:${host().port.toString(16).toUpperCase().padStart(4, "0")} `),
    );
  await host().exec(["systemctl", "start", "attache-web.service"]);
  await expect
    .poll(() => host().mustExec(["journalctl", "--no-pager", "-u", "attache-web.service"]), {
      timeout: 15_000,
    })
    .toContain(`[::1]:${host().port} cannot be listened on (EADDRINUSE)`);
  await host().mustExec(["systemctl", "stop", "squatter.service"]);
  await host().exec(["systemctl", "reset-failed", "attache-web.service"]);
  await host().mustExec(["systemctl", "start", "attache-web.service"]);
});
