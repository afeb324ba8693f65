import {
  attachedFilesBut,
  attachedImage,
  expect,
  result,
  rowOf,
  signIn,
  test,
  unitProperty,
  useHost,
  versionOf,
} from "./fixtures";

for (const [suite, systemd] of [
  ["bookworm", "252"],
  ["forky", "26"],
] as const) {
  test.describe(`on ${suite}`, () => {
    test.describe.configure({ mode: "serial" });
    const host = useHost({ suite });

    test(`systemd is ${systemd}… and the list is right`, async ({ page }) => {
      await signIn(page, host());
      expect(await host().mustExec(["systemctl", "--version"])).toMatch(new RegExp(`^systemd ${systemd}`));
      await expect(rowOf(page, "startpage")).toContainText("Running");
      await expect(versionOf(rowOf(page, "startpage"))).toContainText("1.2.0");
    });

    test("an upgrade and the way back", async ({ page }) => {
      await signIn(page, host());
      await rowOf(page, "startpage").getByRole("button", { name: "Upgrade to 1.3.0" }).click();
      await expect(result(page, "Succeeded: startpage is on 1.3.0")).toBeVisible({ timeout: 30_000 });
      await page.getByRole("button", { name: "Switch back to 1.2.0" }).click();
      await expect(result(page, "Succeeded: startpage is on 1.2.0")).toBeVisible({ timeout: 30_000 });
      expect(await attachedImage(host(), "startpage.service")).toBe("/srv/startpage/startpage_1.2.0.raw");
    });

    test("a bad version leaves the old one, and nobody else is touched", async ({ page }) => {
      const others = await attachedFilesBut(host(), "fragile");
      await signIn(page, host());
      for (const [version, outcome] of [
        ["1.1.0", "Reverted: 1.0.0 is back."],
        ["1.2.0", "Refused: nothing was changed."],
      ] as const) {
        await page.goto(`${host().baseUrl}/services/fragile`);
        await page
          .getByRole("button", { name: `Upgrade to ${version}` })
          .last()
          .click();
        await expect(result(page, outcome)).toBeVisible({ timeout: 30_000 });
      }
      expect(await attachedImage(host(), "fragile.service")).toBe("/srv/fragile/fragile_1.0.0.raw");
      expect(await unitProperty(host(), "fragile.service", "ActiveState")).toBe("active");
      expect(await attachedFilesBut(host(), "fragile")).toBe(others);
    });
  });
}
