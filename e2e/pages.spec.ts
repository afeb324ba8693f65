import { expect, result, rowOf, signIn, test, useHost, versionOf } from "./fixtures";
import type { Box } from "./lab/box";
import { idle } from "./lab/demo-images";
import { placeImage } from "./lab/fill";
import { buildImage } from "./lab/image";
import { expectSound, LOOKS } from "./sound";

test.describe.configure({ mode: "serial" });
const host = useHost({ oddities: true, env: { ATTACHE_GRACE_MS: 0 } });

const BUS = ["org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus"];

test("the list is right after boot: each service with its version, state and way on", async ({ page }) => {
  await signIn(page, host());
  for (const [service, version, state] of [
    ["startpage", "1.2.0", "Running"],
    ["fragile", "1.0.0", "Running"],
    ["guestbook", "2.0.0", "Running"],
    ["clock", "1.0.0", "Waiting"],
    ["backup", "0.9.0", "Waiting"],
    ["weather", "3.2.0", "Running"],
    ["metrics", "0.9.0", "Running"],
    ["gallery", "4.0.0", "Running"],
    ["wiki", "—", "Detached"],
  ] as const) {
    const row = rowOf(page, service).first();
    await expect(row, service).toContainText(state);
    await expect(versionOf(row), service).toContainText(version);
  }
  // 0.10.0 is newer than 0.9.0, and a pre-release is not offered.
  await expect(rowOf(page, "metrics").getByRole("button", { name: "Upgrade to 0.10.0" })).toBeVisible();
  await expect(rowOf(page, "wiki").getByRole("button", { name: "Attach 2026.1", exact: true })).toBeVisible();
  await expect(page).toHaveTitle(new RegExp(host().name));
});

test("what cannot be used is listed with a sentence, escaped, and breaks nothing", async ({ page }) => {
  await signIn(page, host());
  const main = page.getByRole("main");
  for (const sentence of [
    /\/srv\/odd\/_1\.0\.0\.raw: the file name does not say service and version/,
    /\/srv\/odd\/notes\.txt/,
    /\/srv\/locked cannot be read/,
    /my_app_1\.raw.*my_db_1\.raw|my_db_1\.raw.*my_app_1\.raw/,
    /<b>bold/,
  ])
    await expect(main.getByText(sentence).first(), String(sentence)).toBeVisible();
  await expect(main.locator("b")).toHaveCount(0);
  expect(await main.textContent()).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
});

test("the page of a service says what it can reach, and what becomes of the data", async ({ page }) => {
  await signIn(page, host());
  await page.goto(`${host().baseUrl}/services/guestbook`);
  const paths = page.getByRole("region", { name: "Bind paths" });
  const pathRow = (source: string) =>
    paths.getByRole("row").filter({ has: page.getByRole("cell", { name: source, exact: true }) });
  await expect(pathRow("/data/guestbook").getByRole("cell").nth(1)).toHaveText("/data");
  await expect(pathRow("/data/guestbook").getByRole("cell").nth(2)).toHaveText("Writable");
  await expect(pathRow("/var/lib/guestbook").getByRole("cell").nth(2)).toHaveText("Writable");
  await expect(paths).toContainText("An upgrade or a rollback does nothing to what is in them");
  await page.goto(`${host().baseUrl}/services/backup`);
  await expect(page.getByText("Attached until reboot")).toBeVisible();
  await page.goto(`${host().baseUrl}/services/metrics`);
  await expect(page.getByText(/trusted/).first()).toBeVisible();
});

test("one deployment and one failure, so that every page has something to show", async ({ page }) => {
  await signIn(page, host());
  await rowOf(page, "startpage").getByRole("button", { name: "Upgrade to 1.3.0" }).click();
  await expect(result(page, "Succeeded: startpage is on 1.3.0")).toBeVisible({ timeout: 20_000 });
  await page.goto(`${host().baseUrl}/services/fragile`);
  await page.getByRole("button", { name: "Upgrade to 1.1.0" }).last().click();
  await expect(result(page, "Reverted: 1.0.0 is back.")).toBeVisible({ timeout: 30_000 });
  await host().mustExec(["systemctl", "kill", "--signal=SIGKILL", "weather.service"]);
});

for (const { width, colorScheme } of LOOKS) {
  test(`every page is sound at ${width} px, ${colorScheme}`, async ({ browser }) => {
    test.setTimeout(120_000);
    const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme });
    const page = await context.newPage();
    await page.goto(`${host().baseUrl}/locked`);
    await expectSound(page, "/locked");
    await signIn(page, host());
    await expectSound(page, "/");
    await page.goto(`${host().baseUrl}/?q=nothing-matches`);
    await expectSound(page, "/?q=");
    for (const service of ["startpage", "guestbook", "fragile", "gallery", "weather", "wiki"]) {
      await page.goto(`${host().baseUrl}/services/${service}`);
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      await expectSound(page, service);
    }
    await page.goto(`${host().baseUrl}/upgrade`);
    await expect(page.getByRole("button", { name: /^Upgrade these/ })).toBeVisible();
    await expectSound(page, "/upgrade");
    await page.goto(`${host().baseUrl}/history`);
    await expectSound(page, "/history");
    await page
      .getByRole("main")
      .getByRole("link", { name: /1\.1\.0/ })
      .first()
      .click();
    await expect(page.getByText("What the failing unit said")).toBeVisible();
    await expectSound(page, "/deployments");
    await page.goto(`${host().baseUrl}/services/not-here`);
    await expectSound(page, "not found");
    await context.close();
  });
}

test("everything in the list works with the keyboard alone", async ({ page }) => {
  await signIn(page, host());
  await page.keyboard.press("/");
  await expect(page.getByRole("searchbox")).toBeFocused();
  await page.keyboard.type("guestbook");
  await expect(page.getByRole("rowheader")).toHaveCount(1);
  await expect(page).toHaveURL(/\?q=guestbook/);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "guestbook" })).toBeVisible();
  await page.keyboard.press("g");
  await page.keyboard.press("h");
  await expect(page.getByRole("heading", { level: 1, name: "History" })).toBeVisible();
});

test("a link far down a page leads to the top of the next one", async ({ page }) => {
  await page.setViewportSize({ width: 1280, height: 400 });
  await signIn(page, host());
  const heading = (name: string) => page.getByRole("heading", { level: 1, name, exact: true });
  // At once: a key or wheel is answered by a movement, which may still be under way when the next page is there.
  const scrollAway = () => page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
  for (const name of ["wiki", "guestbook"]) {
    await scrollAway();
    await expect(heading("Services")).not.toBeInViewport();
    await page.getByRole("link", { name, exact: true }).click();
    await expect(heading(name)).toBeInViewport();
    await scrollAway();
    await expect(heading(name)).not.toBeInViewport();
    await page.keyboard.press("g");
    await page.keyboard.press("s");
    await expect(heading("Services")).toBeInViewport();
  }
});

test.describe("on an empty host", () => {
  const empty = useHost({ empty: true, env: { ATTACHE_IMAGE_ROOTS: "/opt/images:/home/*" } });

  test("the page says where it looked, and nothing of the demo appears", async ({ page }) => {
    await signIn(page, empty());
    const main = page.getByRole("main");
    await expect(main).toContainText("/opt/images");
    await expect(main).toContainText("/var/lib/portables");
    await expect(main).not.toContainText("startpage");
    await expectSound(page, "empty host");
    await page.goto(`${empty().baseUrl}/upgrade`);
    await expect(main).toContainText("No service is seen attached here, so there is nothing to upgrade.");
    await expectSound(page, "nothing to upgrade");
  });

  test("an image that appears in the configured root is listed at once", async ({ page }) => {
    await signIn(page, empty());
    await empty().mustExec(["mkdir", "-p", "/opt/images"]);
    await empty().mustExec(["sh", "-c", "head -c 4096 /dev/zero > /opt/images/new_1.0.raw"]);
    await expect(rowOf(page, "new")).toContainText("Detached", { timeout: 15_000 });
  });

  test("without an engine the page shows everything, changes nothing, and says what is missing", async ({
    page,
  }) => {
    placeImage(empty(), await buildImage(idle("good", "1.0", "Good")), "/opt/images");
    await signIn(page, empty());
    const attach = page.getByRole("main").getByRole("button", { name: "Attach 1.0" });
    await expect(attach).not.toHaveAttribute("aria-disabled");
    // As on a host where only the web server is: neither its activation file nor its unit is there.
    const files = [
      "/usr/local/share/dbus-1/system-services/org.attache.Engine1.service",
      "/etc/systemd/system/attache-engine.service",
    ];
    for (const file of files) await empty().mustExec(["mv", file, `${file}.away`]);
    await rereadUnits(empty());
    await empty().mustExec(["systemctl", "stop", "attache-engine.service"]); // last: it is started again at once
    await page.reload();
    const missing = page.getByRole("region", { name: "What is missing" });
    await expect(missing).toContainText("The engine, which alone may change this host, is not installed.");
    await expect(missing).toContainText("packaging/install");
    await expect(rowOf(page, "new")).toContainText("Detached");
    await expect(attach).toHaveAttribute("aria-disabled", "true");
    await expect(attach).toHaveAccessibleDescription(/Not possible now; the reason is above\./);
    await expectSound(page, "no engine");

    for (const file of files) await empty().mustExec(["mv", `${file}.away`, file]);
    await rereadUnits(empty());
    await expect(missing).toHaveCount(0, { timeout: 20_000 });
    await expect(attach).not.toHaveAttribute("aria-disabled");
  });
});

/** What an installation does once its files are there. */
async function rereadUnits(box: Box): Promise<void> {
  await box.mustExec(["busctl", "call", ...BUS, "ReloadConfig"]);
  await box.mustExec(["systemctl", "daemon-reload"]);
}
