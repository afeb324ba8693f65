import type { Page } from "@playwright/test";
import {
  askEngine,
  attachedFilesBut,
  attachedImage,
  expect,
  result,
  rowOf,
  signIn,
  test,
  unitProperty,
  useHost,
} from "./fixtures";
import { fragile } from "./lab/demo-images";
import { placeImage } from "./lab/fill";
import { buildImage, buildTree } from "./lab/image";

test.describe.configure({ mode: "serial" });
const host = useHost({ env: { ATTACHE_SETTLE_MS: 8000 } });

/** The promise of this file: whatever the new version did, the old one runs, on disk and in memory, and nobody else was touched. */
async function expectOldVersion(othersBefore: string): Promise<void> {
  expect(await attachedImage(host(), "fragile.service")).toBe("/srv/fragile/fragile_1.0.0.raw");
  expect(await unitProperty(host(), "fragile.service", "ActiveState")).toBe("active");
  expect(await unitProperty(host(), "fragile.service", "LoadState")).toBe("loaded");
  expect(await unitProperty(host(), "fragile.service", "RootImage")).toBe("/srv/fragile/fragile_1.0.0.raw");
  expect(await attachedFilesBut(host(), "fragile")).toBe(othersBefore);
}

async function upgradeTo(page: Page, version: string): Promise<void> {
  await page.goto(`${host().baseUrl}/services/fragile`);
  await page
    .getByRole("button", { name: `Upgrade to ${version}` })
    .last()
    .click();
  // Until this is said, the page may still show how the deployment before this one ended.
  await expect(page.getByText(`Switching fragile to ${version}`).first()).toBeVisible();
}

test.beforeEach(async ({ page }) => {
  await signIn(page, host());
});

test("1.1.0 ends with an error after a second: 1.0.0 is back, and its last lines are shown", async ({
  page,
}) => {
  const others = await attachedFilesBut(host(), "fragile");
  await upgradeTo(page, "1.1.0");
  await expect(result(page, "Reverted: 1.0.0 is back.")).toBeVisible({ timeout: 30_000 });
  await page.getByRole("link", { name: "Show the deployment" }).click();
  await expect(page.getByText("fragile: cannot read its settings")).toBeVisible();
  await expectOldVersion(others);
});

test("1.2.0 lacks a mount point: a rehearsal says so, and nobody can deploy it", async ({ page }) => {
  const others = await attachedFilesBut(host(), "fragile");
  const run = await unitProperty(host(), "fragile.service", "InvocationID");
  await page.goto(`${host().baseUrl}/services/fragile`);
  await page.getByRole("button", { name: "Rehearse 1.2.0" }).click();
  const why =
    "fragile.service keeps data in /var/lib/fragile (StateDirectory=), but the image, which is read-only, has no such directory to mount it on.";
  await expect(page.getByText(`Would not start: ${why}`)).toBeVisible();
  await page.getByRole("button", { name: "Upgrade to 1.2.0" }).last().click();
  await expect(result(page, "Refused: nothing was changed.")).toContainText(why, { timeout: 30_000 });
  await expectOldVersion(others);
  expect(await unitProperty(host(), "fragile.service", "InvocationID")).toBe(run);
});

test("a mount that no rehearsal can foresee: 1.0.0 is back, and the reason is in words", async ({ page }) => {
  // A directory is not rehearsed: systemd would add missing mount points to it.
  const spec = fragile("1.0.0");
  const unit = spec.units["fragile.service"]?.replace("[Service]", "[Service]\nBindPaths=/srv/none:/data");
  const path = "/srv/fragile/fragile_1.7.0";
  buildTree({ ...spec, version: "1.7.0", units: { "fragile.service": unit ?? "" } }, host().rootPath(path));
  const others = await attachedFilesBut(host(), "fragile");
  await upgradeTo(page, "1.7.0");
  await expect(result(page, "Reverted: 1.0.0 is back.")).toBeVisible({ timeout: 30_000 });
  await page.getByRole("link", { name: "Show the deployment" }).click();
  await expect(page.getByText("/data: No such file or directory").first()).toBeVisible();
  await expectOldVersion(others);
  await host().mustExec(["rm", "-r", path]);
});

test("1.3.0 is no file system: nobody can choose it, and who asks all the same is refused", async ({
  page,
}) => {
  const others = await attachedFilesBut(host(), "fragile");
  await page.goto(`${host().baseUrl}/services/fragile`);
  await expect(page.getByText(/it holds no file system/).first()).toBeVisible();
  const asked = { service: "fragile", version: "1.3.0", expected: "1.0.0", by: "test" };
  expect((await askEngine(host(), "Deploy", asked)).error).toMatchObject({
    code: "image-problem",
    params: { problem: "no-file-system" },
  });
  await expectOldVersion(others);
});

test("an image that breaks while the click can be taken back is refused, and nothing has happened", async ({
  page,
}) => {
  const image = await buildImage({ ...fragile("1.0.0"), version: "1.5.0" });
  const path = placeImage(host(), image, "/srv/fragile", "fragile_1.5.0.raw");
  const others = await attachedFilesBut(host(), "fragile");
  await upgradeTo(page, "1.5.0");
  const noise = 'head -c 300000 /dev/urandom > "$1.new" && mv "$1.new" "$1"';
  await host().mustExec(["sh", "-c", noise, "sh", path]);
  await expect(result(page, "Refused: nothing was changed.")).toBeVisible({ timeout: 30_000 });
  await expectOldVersion(others);
  await host().mustExec(["rm", path]);
});

test("a reattach that fails after it has detached leaves 1.0.0 running, with its unit files on disk", async ({
  page,
}) => {
  const good = fragile("1.0.0");
  const units = { ...good.units, "fragile-more.service": "[Service]\nExecStart=/usr/bin/busybox true\n" };
  const image = await buildImage({ ...good, units, version: "1.6.0" });
  const path = placeImage(host(), image, "/srv/fragile", "fragile_1.6.0.raw");
  // No check can see this coming: where portabled wants a directory for the second unit, there is a file.
  const obstacle = "/etc/systemd/system.attached/fragile-more.service.d";
  await host().mustExec(["touch", obstacle]);
  const others = await attachedFilesBut(host(), "fragile");
  const run = await unitProperty(host(), "fragile.service", "InvocationID");
  await upgradeTo(page, "1.6.0");
  await expect(result(page, "Reverted: 1.0.0 is back.")).toBeVisible({ timeout: 30_000 });
  await expectOldVersion(others);
  expect(await unitProperty(host(), "fragile.service", "InvocationID")).toBe(run); // the process never noticed
  await host().mustExec(["rm", path, obstacle]);
});

test("1.4.0 does not stop when told to: going back takes its time, and gets there", async ({ page }) => {
  test.setTimeout(180_000);
  const others = await attachedFilesBut(host(), "fragile");
  await upgradeTo(page, "1.4.0");
  await page.getByRole("button", { name: "Go back now" }).click({ timeout: 20_000 });
  await expect(page.getByText("Going back to 1.0.0").first()).toBeVisible();
  await expect(result(page, "Reverted: 1.0.0 is back.")).toBeVisible({ timeout: 120_000 });
  await expectOldVersion(others);
});

test("what failed here is not offered again, until somebody lifts its mark", async ({ page }) => {
  // Newest of what is left: without its mark it would be the one that is offered.
  await host().mustExec([
    "rm",
    ...["1.2.0", "1.3.0", "1.4.0"].map((version) => `/srv/fragile/fragile_${version}.raw`),
  ]);
  await page.goto(host().baseUrl);
  const upgrade = rowOf(page, "fragile").getByRole("button", { name: /^Upgrade to/ });
  await expect(upgrade).toHaveCount(0);
  await page.goto(`${host().baseUrl}/services/fragile`);
  await expect(page.getByText("1.1.0 is marked, because it was taken back").first()).toBeVisible();
  await page.getByLabel("Why 1.1.0 may be offered again").fill("to see that its mark made the difference");
  await page.getByRole("button", { name: "Lift the mark of 1.1.0" }).click();
  await expect(page.getByText("1.1.0 is marked, because it was taken back")).toHaveCount(0);
  await page.goto(host().baseUrl);
  await expect(upgrade).toHaveText(["Upgrade to 1.1.0"]);
});
