import { attachedImage, expect, rowOf, signIn, test, unitProperty, useHost } from "./fixtures";

test.describe.configure({ mode: "serial" });
const host = useHost({ env: { ATTACHE_GRACE_MS: 6000, ATTACHE_SETTLE_MS: 6000 } });

test.beforeEach(async ({ page }) => {
  await signIn(page, host());
});

test("the web server dies in the middle: the deployment does not notice", async ({ page }) => {
  await rowOf(page, "startpage").getByRole("button", { name: "Upgrade to 1.3.0" }).click();
  await expect(rowOf(page, "startpage")).toContainText("Watching whether 1.3.0 stays up", {
    timeout: 15_000,
  });
  await host().mustExec(["systemctl", "kill", "--signal=SIGKILL", "attache-web.service"]);
  await expect(rowOf(page, "startpage").getByRole("link", { name: "Upgraded · 1.3.0" })).toBeVisible({
    timeout: 40_000,
  });
  expect(await attachedImage(host(), "startpage.service")).toBe("/srv/startpage/startpage_1.3.0.raw");
});

for (const [phase, words] of [
  ["waits", "Switching guestbook to"],
  ["settles", "Watching whether"],
] as const) {
  test(`the engine is killed while it ${phase}: its next start settles what was open`, async ({ page }) => {
    const from = await attachedImage(host(), "guestbook.service");
    await rowOf(page, "guestbook")
      .getByRole("button", { name: /^(Upgrade|Roll back) to/ })
      .first()
      .click();
    await expect(rowOf(page, "guestbook")).toContainText(words, { timeout: 20_000 });
    await host().mustExec(["systemctl", "kill", "--signal=SIGKILL", "attache-engine.service"]);
    await expect(
      rowOf(page, "guestbook").getByRole("link", { name: /Refused|Upgraded|Rolled back/ }),
    ).toBeVisible({
      timeout: 30_000,
    });
    expect(await unitProperty(host(), "guestbook.service", "ActiveState")).toBe("active");
    const now = await attachedImage(host(), "guestbook.service");
    if (phase === "waits") expect(now).toBe(from);
    else expect(now).not.toBe(from);
    await expect.poll(() => host().mustExec(["ls", "/var/lib/attache/intents"])).toBe("");
  });
}

test("the engine is killed again and again during one switch: the service ends on one version, up", async ({
  page,
}) => {
  test.setTimeout(120_000);
  await rowOf(page, "metrics")
    .getByRole("button", { name: /^Upgrade to/ })
    .click();
  for (let kill = 0; kill < 4; kill++) {
    await host().mustExec(["sleep", String(0.5 + 0.35 * kill)]);
    await host().exec(["systemctl", "kill", "--signal=SIGKILL", "attache-engine.service"]);
  }
  await expect.poll(() => host().mustExec(["ls", "/var/lib/attache/intents"]), { timeout: 60_000 }).toBe("");
  expect(await unitProperty(host(), "metrics.service", "ActiveState")).toBe("active");
  expect(await attachedImage(host(), "metrics.service")).toMatch(/metrics_0\.(9|10)\.0\.raw$/);
  expect(await unitProperty(host(), "metrics.service", "NeedDaemonReload")).toBe("no");
});
