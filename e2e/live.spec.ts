import { expect, rowOf, signedInContext, signIn, test, useHost, versionOf } from "./fixtures";

test.describe.configure({ mode: "serial" });
const host = useHost();

test("what portablectl and systemctl do shows up without a reload", async ({ page }) => {
  await signIn(page, host());
  await host().mustExec(["systemctl", "stop", "startpage.service"]);
  await expect(rowOf(page, "startpage")).toContainText("Stopped");
  await host().mustExec(["systemctl", "start", "startpage.service"]);
  await expect(rowOf(page, "startpage")).toContainText("Running");
  await host().mustExec(["portablectl", "reattach", "--now", "/srv/startpage/startpage_1.3.0.raw"]);
  await expect(versionOf(rowOf(page, "startpage"))).toContainText("1.3.0");
  await host().mustExec(["portablectl", "attach", "/srv/wiki/wiki_2026.1.raw"]);
  await expect(rowOf(page, "wiki")).toContainText("Stopped");
  await host().mustExec(["portablectl", "detach", "/srv/wiki/wiki_2026.1.raw"]);
  await expect(rowOf(page, "wiki")).toContainText("Detached");
  await host().mustExec(["cp", "/srv/startpage/startpage_1.3.0.raw", "/srv/startpage/startpage_1.9.0.raw"]);
  await expect(rowOf(page, "startpage")).toContainText("1.9.0 available");
  await host().mustExec(["rm", "/srv/startpage/startpage_1.9.0.raw"]);
  await expect(rowOf(page, "startpage")).not.toContainText("1.9.0");
});

test("a failed service comes first and is counted in the title", async ({ page }) => {
  await signIn(page, host());
  await host().mustExec(["systemctl", "kill", "--signal=SIGKILL", "metrics.service"]);
  await expect(rowOf(page, "metrics")).toContainText("Failed");
  await expect(page.getByRole("row").nth(1)).toContainText("metrics");
  await expect(page).toHaveTitle(/^\(1 failed\)/);
  await host().mustExec(["systemctl", "restart", "metrics.service"]);
  await expect(rowOf(page, "metrics")).toContainText("Running");
  await expect(page).not.toHaveTitle(/failed/);
});

test("eight tabs of one browser stay live, through restarts of bus, engine and server", async ({
  browser,
}) => {
  test.setTimeout(150_000);
  const context = await signedInContext(browser, host());
  const tabs = await Promise.all(Array.from({ length: 8 }, () => context.newPage()));
  for (const tab of tabs) await tab.goto(host().baseUrl);
  const everywhere = async (state: string) => {
    for (const tab of tabs) await expect(rowOf(tab, "weather")).toContainText(state, { timeout: 30_000 });
  };
  await everywhere("Running");
  await host().mustExec(["systemctl", "stop", "weather.service"]);
  await everywhere("Stopped");
  await host().mustExec(["systemctl", "restart", "attache-engine.service"]);
  await host().mustExec(["systemctl", "start", "weather.service"]);
  await everywhere("Running");
  await host().mustExec(["systemctl", "restart", "attache-web.service"]);
  await host().mustExec(["systemctl", "stop", "weather.service"]);
  await everywhere("Stopped");
  await host().mustExec(["systemctl", "restart", "dbus.service"]);
  await host().mustExec(["systemctl", "start", "weather.service"]);
  await everywhere("Running");
  for (const tab of tabs)
    await expect(tab.getByText("Live", { exact: true })).toBeVisible({ timeout: 30_000 });
  await context.close();
});

test("a frozen stream shows its age within 10 s, and the page recovers by itself", async ({ page }) => {
  await signIn(page, host());
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await host().mustExec(["systemctl", "kill", "--signal=SIGSTOP", "attache-web.service"]);
  try {
    await expect(page.getByText(/^Last seen \d+ s ago/)).toBeVisible({ timeout: 10_000 });
    await expect(rowOf(page, "startpage")).toContainText("Running"); // old facts stay
  } finally {
    await host().mustExec(["systemctl", "kill", "--signal=SIGCONT", "attache-web.service"]);
  }
  await expect(page.getByText("Live", { exact: true })).toBeVisible({ timeout: 30_000 });
});

test("without the bus the page says so and keeps what it knew", async ({ page }) => {
  await signIn(page, host());
  await host().mustExec(["systemctl", "stop", "dbus.socket", "dbus.service"]);
  try {
    await expect(page.getByText(/no system bus/i).first()).toBeVisible({ timeout: 15_000 });
    await expect(rowOf(page, "startpage")).toContainText("Running");
  } finally {
    await host().mustExec(["systemctl", "start", "dbus.socket", "dbus.service"]);
  }
  await expect(page.getByText("Live", { exact: true })).toBeVisible({ timeout: 30_000 });
});

test("a page that is open learns that the engine does not start, and that portabled is masked", async ({
  page,
}) => {
  await signIn(page, host());
  const missing = page.getByRole("region", { name: "What is missing" });
  const upgrade = page.getByRole("button", { name: /^(Upgrade|Roll back) to/ }).first();
  await page.goto(`${host().baseUrl}/services/guestbook`);
  await expect(upgrade).not.toHaveAttribute("aria-disabled", "true");
  const unit = "attache-engine.service";
  await host().mustExec(["sh", "-c", `mv /etc/systemd/system/${unit} /root/ && systemctl mask ${unit}`]);
  await host().mustExec(["systemctl", "stop", unit]);
  await expect(missing).toContainText("is installed but does not start", { timeout: 20_000 });
  await expect(
    page.getByRole("button", { name: /^(Upgrade|Roll back) to/, disabled: true }).first(),
  ).toBeVisible();
  await page.goto(`${host().baseUrl}/history`);
  await expect(missing).toContainText("systemctl restart attache-engine.service");
  await host().mustExec(["sh", "-c", `systemctl unmask ${unit} && mv /root/${unit} /etc/systemd/system/`]);
  await host().mustExec(["systemctl", "daemon-reload"]);
  await expect(missing).toHaveCount(0, { timeout: 20_000 });

  await page.goto(host().baseUrl);
  await host().mustExec(["systemctl", "mask", "systemd-portabled.service"]);
  await expect(missing).toContainText("systemctl unmask systemd-portabled.service", { timeout: 10_000 });
  await host().mustExec(["systemctl", "unmask", "systemd-portabled.service"]);
  await expect(missing).toHaveCount(0, { timeout: 10_000 });
});

test("every version is looked into while the page of its service is open", async ({ page }) => {
  await signIn(page, host());
  const copies = 'for n in 1 2 3 4 5 6 7; do cp /srv/wiki/wiki_2026.1.raw "/srv/wiki/wiki_2020.$n.raw"; done';
  await host().mustExec(["sh", "-c", copies]);
  await page.goto(`${host().baseUrl}/services/wiki`);
  await expect(page.getByText("2020.1", { exact: true }).first()).toBeVisible({ timeout: 10_000 });
  await expect(page.getByText("Not looked at yet")).toHaveCount(0, { timeout: 20_000 });
  await host().mustExec(["sh", "-c", "rm /srv/wiki/wiki_2020.*.raw"]);
});

test("a directory image that is filled in place is listed when it is complete", async ({ page }) => {
  await signIn(page, host());
  await host().mustExec(["mkdir", "-p", "/srv/tree/tree_1.0"]);
  await expect(
    page.getByText(/\/srv\/tree\/tree_1\.0 is named like an image, but is not complete/),
  ).toBeVisible();
  await host().mustExec(["mkdir", "-p", "/srv/tree/tree_1.0/usr/lib"]);
  await host().mustExec(["sh", "-c", "sleep 1; echo ID=tree > /srv/tree/tree_1.0/usr/lib/os-release"]);
  await expect(rowOf(page, "tree")).toContainText("Detached", { timeout: 8000 });
  await expect(page.getByText(/tree_1\.0 is named like an image/)).toHaveCount(0);
});
