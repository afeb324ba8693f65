import { askEngine, attachedFilesBut, expect, result, signIn, test, unitProperty, useHost } from "./fixtures";
import type { Box } from "./lab/box";
import { gallery, themes } from "./lab/demo-images";
import { placeImage } from "./lab/fill";
import { buildImage } from "./lab/image";

const UNITS = ["gallery.service", "gallery-themes.service"];

for (const suite of ["trixie", "bookworm", "forky"] as const) {
  test.describe(`a service with a layer, on ${suite}`, () => {
    test.describe.configure({ mode: "serial" });
    const host = useHost({ suite });

    test.beforeEach(async ({ page }) => {
      await signIn(page, host());
      await page.goto(`${host().baseUrl}/services/gallery`);
    });

    test("its layer can be upgraded, the version stays; one click switches back", async ({ page }) => {
      const layers = page.getByRole("region", { name: "Layers" });
      await expect(layers.getByRole("heading", { name: "themes" })).toBeVisible();
      await expect(layers).toContainText("Attached from /opt/gallery/themes_1.raw");
      await layers.getByRole("button", { name: "Upgrade themes to 2" }).click();
      await expect(result(page, "Succeeded: gallery is on themes 2.")).toBeVisible({ timeout: 30_000 });
      expect(await images(host())).toBe("gallery_4.0.0.raw:themes_2.raw");
      await expectUp(host());
      expect(await themesSeen(host())).toContain("sepia");

      await page.getByRole("button", { name: "Switch back to themes 1" }).click();
      await expect(result(page, "Succeeded: gallery is on themes 1.")).toBeVisible({ timeout: 30_000 });
      expect(await images(host())).toBe("gallery_4.0.0.raw:themes_1.raw");
      await page.goto(`${host().baseUrl}/history?service=gallery`);
      const newest = page.getByRole("main").getByRole("listitem").first();
      await expect(newest).toContainText("Rollback to themes 1");
      await expect(newest).toContainText("Layer themes: 2 → 1");
    });

    test("its version can be upgraded, the layer stays", async ({ page }) => {
      await page.getByRole("button", { name: "Upgrade to 4.1.0" }).first().click();
      await expect(result(page, "Succeeded: gallery is on 4.1.0.")).toBeVisible({ timeout: 30_000 });
      expect(await images(host())).toBe("gallery_4.1.0.raw:themes_1.raw");
      await expectUp(host());
      await page.getByRole("link", { name: "Show the deployment" }).click();
      await expect(page.getByText("Layer themes 1: /opt/gallery/themes_1.raw")).toHaveCount(2);
    });

    test("a layer that does not fit is refused, and nothing is changed", async ({ page }) => {
      placeImage(
        host(),
        await buildImage({ ...themes("3"), osRelease: { SYSEXT_LEVEL: "9" } }),
        "/opt/gallery",
      );
      const [before, runs] = [await everyFile(host()), await invocations(host())];
      await page.getByRole("button", { name: "Upgrade themes to 3" }).click();
      await expect(result(page, "Refused: nothing was changed.")).toBeVisible({ timeout: 30_000 });
      await expect(
        result(
          page,
          "The layer /opt/gallery/themes_3.raw cannot be put on /srv/gallery/gallery_4.1.0.raw: it was built for SYSEXT_LEVEL “9”, but the image below says “1”.",
        ),
      ).toBeVisible();
      expect(await everyFile(host())).toBe(before);
      expect(await invocations(host())).toBe(runs);
    });

    for (const [what, name, old, place] of [
      ["a version", "Upgrade to 4.2.0", "4.1.0", placeDyingBase],
      ["a layer", "Upgrade themes to 4", "themes 1", placeDyingLayer],
    ] as const)
      test(`${what} that dies: what was there is back with its layer, to the byte`, async ({ page }) => {
        await place(host());
        const [before, others] = [await everyFile(host()), await attachedFilesBut(host(), "gallery")];
        await page.getByRole("button", { name }).last().click();
        await expect(result(page, `Reverted: ${old} is back.`)).toBeVisible({
          timeout: 30_000,
        });
        expect(await everyFile(host())).toBe(before);
        expect(await attachedFilesBut(host(), "gallery")).toBe(others);
        await expectUp(host());
      });

    test("bug: a layer that died here was offered as if nothing had happened", async ({ page }) => {
      const row = page
        .getByRole("region", { name: "Layers" })
        .getByRole("listitem")
        .filter({
          has: page.getByRole("heading", { name: "4", exact: true }),
        });
      await expect(row).toContainText("Failed here");
      await expect(row).toContainText("Did not stay up");
      await expect(row.getByRole("button", { name: "Upgrade themes to 4, which failed here" })).toBeVisible();
      await row.getByRole("link", { name: "Show that deployment" }).click();
      await expect(result(page, "Reverted: themes 1 is back.")).toBeVisible();
    });

    test("it is detached with its layer, and attached again by hand", async ({ page }) => {
      const [base = "", layer = ""] = (await images(host())).split(":");
      await page.getByRole("button", { name: /^Detach/ }).click();
      await expect(result(page, "Succeeded: gallery is detached.")).toBeVisible({ timeout: 30_000 });
      expect(await images(host())).toBe("");
      await expect(page.getByRole("button", { name: /again$/ })).toHaveCount(0);
      const argv = [`--extension=/opt/gallery/${layer}`, `/srv/gallery/${base}`];
      await host().mustExec(["portablectl", "attach", "--now", "--enable", ...argv]);
      await host().mustExec(["systemctl", "daemon-reload"]); // portablectl reloads before it enables
      await expect(page.getByRole("region", { name: "Layers" })).toContainText(`/opt/gallery/${layer}`);
    });

    if (suite !== "trixie") return;

    test("the engine is killed in the middle of a switch: its next start settles it right", async ({
      page,
    }) => {
      const asked = { service: "gallery", version: "4.1.0", expected: "4.1.0", by: "test", graceMs: 0 };
      for (const [kill, version] of ["2", "1", "2"].entries()) {
        await askEngine(host(), "Deploy", { ...asked, layers: { themes: version } });
        await host().mustExec(["sleep", String(0.1 + 0.15 * kill)]);
        await host().exec(["systemctl", "kill", "--signal=SIGKILL", "attache-engine.service"]);
        const left = () => host().mustExec(["ls", "/var/lib/attache/intents"]);
        await expect.poll(left, { timeout: 30_000 }).toBe("");
        expect(await images(host())).toMatch(/^gallery_4\.1\.0\.raw:themes_[12]\.raw$/);
        await expectUp(host());
      }
      await expect(page.getByRole("region", { name: "Layers" })).toContainText("Attached from");
    });

    test("the file of a layer is gone: it is said, and nothing can be switched until it is back", async ({
      page,
    }) => {
      const file = `/opt/gallery/${(await images(host())).split(":")[1]}`;
      await host().mustExec(["mv", file, `${file}.away`]);
      await expect(page.getByText(`The layer ${file} of gallery is gone`).first()).toBeVisible();
      await expect(page.getByRole("button", { name: "Switch to 4.0.0" })).toHaveAttribute(
        "aria-disabled",
        "true",
      );
      await host().mustExec(["mv", `${file}.away`, file]);
      await expect(page.getByRole("button", { name: "Roll back to 4.0.0" }).last()).toBeEnabled();
    });
  });
}

async function placeDyingBase(box: Box): Promise<void> {
  const dying =
    "[Unit]\nDescription=Gallery\n[Service]\nExecStart=/usr/bin/busybox sh -c 'sleep 1; exit 3'\n";
  placeImage(
    box,
    await buildImage({ ...gallery("4.2.0"), units: { "gallery.service": dying } }),
    "/srv/gallery",
  );
}

async function placeDyingLayer(box: Box): Promise<void> {
  const dying = "[Unit]\nDescription=Themes\n[Service]\nExecStart=/usr/bin/busybox sh -c 'sleep 1; exit 3'\n";
  placeImage(
    box,
    await buildImage({ ...themes("4"), units: { "gallery-themes.service": dying } }),
    "/opt/gallery",
  );
}

/** Names of the files in portabled's marker line, the same for every unit. */
async function images(box: Box): Promise<string> {
  const script = "head -qn1 /etc/systemd/system.attached/gallery*.d/20-portable.conf 2>/dev/null | sort -u";
  const { stdout } = await box.exec(["sh", "-c", script]);
  const paths = /'(.*)'/.exec(stdout)?.[1] ?? "";
  expect(stdout.trim().split("\n")).toHaveLength(1);
  return paths.replaceAll(/[^:]*\//g, "");
}

/** Every attached file of the gallery, with links and digests. */
async function everyFile(box: Box): Promise<string> {
  const script = `cd /etc/systemd/system.attached && find . -path "*gallery*" | sort | while read -r file; do
    echo "$file $(readlink "$file") $(test -d "$file" || sha256sum < "$file")"; done`;
  return box.mustExec(["sh", "-c", script]);
}

async function invocations(box: Box): Promise<string> {
  return (await Promise.all(UNITS.map((unit) => unitProperty(box, unit, "InvocationID")))).join();
}

async function expectUp(box: Box): Promise<void> {
  for (const unit of UNITS) {
    expect(await unitProperty(box, unit, "ActiveState")).toBe("active");
    expect(await unitProperty(box, unit, "NeedDaemonReload")).toBe("no");
  }
}

/** The layer's file as the process of its unit sees it. */
async function themesSeen(box: Box): Promise<string> {
  const pid = await unitProperty(box, "gallery-themes.service", "MainPID");
  return box.mustExec(["cat", `/proc/${pid}/root/usr/share/gallery/themes`]);
}
