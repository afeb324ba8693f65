import { rename } from "node:fs/promises";
import {
  askEngine,
  attachedImage,
  expect,
  result,
  rowOf,
  runningDeployments,
  signIn,
  test,
  unitProperty,
  useHost,
} from "./fixtures";
import { GUEST_PROJECT } from "./lab/state";

test.describe.configure({ mode: "serial" });
const host = useHost({ env: { ATTACHE_GRACE_MS: 0, ATTACHE_SETTLE_MS: 4000 } });

const image = (version: string) => `/srv/startpage/startpage_${version}.raw`;

test("an engine that is lost for good: systemd puts the old version back, and history says so later", async ({
  page,
}) => {
  await signIn(page, host());
  await rowOf(page, "startpage").getByRole("button", { name: "Upgrade to 1.3.0" }).click();
  await expect(rowOf(page, "startpage")).toContainText("Watching whether 1.3.0 stays up");
  const engine = host().rootPath("/opt/attache/engine/engine.mjs");
  await rename(engine, `${engine}.away`);
  for (const unit of ["attache-web", "attache-engine"])
    await host().mustExec(["systemctl", "kill", "--signal=SIGKILL", unit]);
  await expect
    .poll(() => attachedImage(host(), "startpage.service"), { timeout: 12_000 })
    .toBe(image("1.2.0"));
  await expect.poll(() => unitProperty(host(), "startpage.service", "ActiveState")).toBe("active");
  expect(await unitProperty(host(), "startpage.service", "RootImage")).toBe(image("1.2.0"));
  expect(await unitProperty(host(), "startpage.service", "NeedDaemonReload")).toBe("no");

  await rename(`${engine}.away`, engine);
  await host().mustExec(["systemctl", "reset-failed", "attache-engine"]);
  await page.goto(`${host().baseUrl}/services/startpage`);
  await expect(result(page, "Reverted: 1.2.0 is back.")).toBeVisible({ timeout: 30_000 });
  await expect(result(page, "systemd itself put back what was there before")).toBeVisible();
  await expect.poll(() => host().mustExec(["ls", "/var/lib/attache/way-back"])).toBe("");
});

test("a version on trial stays when somebody keeps it", async ({ page }) => {
  await signIn(page, host());
  await page.goto(`${host().baseUrl}/services/startpage`);
  await page.getByLabel("Length of the trial").selectOption("for an hour");
  await page.getByRole("button", { name: "Upgrade to 1.3.0 on trial" }).click();
  await expect(result(page, "1.3.0 is on trial: without a word from somebody 1.2.0 comes back")).toBeVisible({
    timeout: 20_000,
  });
  const uninstall = await host().exec([`${GUEST_PROJECT}/packaging/uninstall`]);
  expect(uninstall.code).toBe(1);
  expect(uninstall.stderr).toContain(
    "nothing was removed: a deployment of startpage is under way or on trial",
  );
  await host().mustExec(["systemctl", "kill", "--signal=SIGKILL", "attache-engine"]);
  await page.getByRole("button", { name: "Keep 1.3.0" }).click();
  await expect(result(page, "Succeeded: startpage is on 1.3.0.")).toBeVisible({ timeout: 20_000 });
  await expect(result(page, "It was on trial, and admin kept it.")).toBeVisible();
});

test("a version on trial that nobody keeps goes back by itself", async ({ page }) => {
  const asked = { service: "startpage", version: "1.2.0", expected: "1.3.0", by: "test", trialMs: 3000 };
  expect(await askEngine(host(), "Deploy", asked)).toMatchObject({ ok: true });
  await signIn(page, host());
  await page.goto(`${host().baseUrl}/services/startpage`);
  await expect(result(page, "Reverted: 1.3.0 is back.")).toBeVisible({ timeout: 30_000 });
  await expect(result(page, "Its trial is over and nobody kept it")).toBeVisible();
  expect(await attachedImage(host(), "startpage.service")).toBe(image("1.3.0"));
});

test("a switch that hangs in a stop can be broken off, and says where that leaves the host", async ({
  page,
}) => {
  test.setTimeout(120_000);
  const deploy = (version: string, expected: string) =>
    askEngine(host(), "Deploy", { service: "fragile", version, expected, by: "test" });
  await deploy("1.4.0", "1.0.0");
  await expect.poll(async () => (await runningDeployments(host())).length, { timeout: 30_000 }).toBe(0);
  await deploy("1.0.0", "1.4.0"); // 1.4.0 does not stop within a minute
  await signIn(page, host());
  await page.goto(`${host().baseUrl}/services/fragile`);
  await page.getByRole("button", { name: "Go back now" }).click({ timeout: 20_000 });
  await expect(result(page, "Reverted: 1.4.0 is back.")).toBeVisible({ timeout: 30_000 });
  await expect(result(page, "admin would not wait any longer for fragile.service")).toBeVisible();
  expect(await attachedImage(host(), "fragile.service")).toBe("/srv/fragile/fragile_1.4.0.raw");
  expect(await unitProperty(host(), "fragile.service", "ActiveState")).toBe("active");
});
