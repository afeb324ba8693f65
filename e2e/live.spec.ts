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
