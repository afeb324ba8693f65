import {
  askEngine,
  attachedImage,
  expect,
  result,
  rowOf,
  runningDeployments,
  signIn,
  test,
  useHost,
} from "./fixtures";

test.describe.configure({ mode: "serial" });
const host = useHost();

/** How often PID 1 has reloaded. */
async function reloads(): Promise<number> {
  const { stdout } = await host().exec(["journalctl", "--no-pager", "-o", "cat", "_PID=1"]);
  return stdout.split("\n").filter((line) => line.startsWith("Reloading finished")).length;
}

test("several are upgraded by one click, which says first what will happen, with one reload", async ({
  page,
}) => {
  await signIn(page, host());
  await page.getByRole("link", { name: "Upgrade several at once…" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Upgrade several services" })).toBeVisible();
  const row = (service: string) => page.getByRole("listitem").filter({ hasText: service });
  await expect(row("startpage")).toContainText("1.2.0 → 1.3.0");
  await expect(row("startpage")).toContainText("startpage.service will be restarted.");
  for (const box of await page.getByRole("checkbox", { disabled: false }).all()) await box.uncheck();
  await expect(page.getByText("Choose at least one service.")).toBeVisible();
  for (const service of ["startpage", "guestbook", "metrics"])
    await row(service).getByRole("checkbox").check();
  await page.getByLabel("Reason").fill("the monthly round");
  const before = await reloads();
  await page.getByRole("button", { name: "Upgrade these 3" }).click();
  await expect(page).toHaveURL(/\/history\?batch=[0-9A-Z]{26}$/);
  await expect(page.getByText("the monthly round")).toHaveCount(3);
  await expect
    .poll(() => attachedImage(host(), "startpage.service"), { timeout: 30_000 })
    .toContain("_1.3.0");
  await expect.poll(async () => (await runningDeployments(host())).length, { timeout: 30_000 }).toBe(0);
  expect(await attachedImage(host(), "guestbook.service")).toContain("_2.1.0");
  expect(await attachedImage(host(), "metrics.service")).toContain("_0.10.0");
  await expect(page.getByRole("listitem").filter({ hasText: "Succeeded" })).toHaveCount(3);
  expect(before).toBeGreaterThan(0);
  expect(await reloads()).toBe(before + 1);
});

test("one that fails comes back alone, and those behind it are left as they are", async ({ page }) => {
  const targets = [
    { service: "weather", version: "3.3.0", expected: "3.2.0" },
    { service: "fragile", version: "1.1.0", expected: "1.0.0" },
    { service: "clock", version: "1.1.0", expected: "1.0.0" },
  ];
  const asked = { targets, stopAtFailure: true, by: "test", graceMs: 0 };
  expect(await askEngine(host(), "DeployMany", asked)).toMatchObject({ ok: true, value: { refused: [] } });
  await expect.poll(async () => (await runningDeployments(host())).length, { timeout: 40_000 }).toBe(0);
  expect(await attachedImage(host(), "weather.service")).toContain("_3.3.0");
  expect(await attachedImage(host(), "fragile.service")).toContain("_1.0.0");
  expect(await attachedImage(host(), "clock.service")).toContain("_1.0.0");
  await signIn(page, host());
  await page.goto(`${host().baseUrl}/services/clock`);
  await expect(result(page, "fragile, which was before it in the batch, failed")).toBeVisible();
});

test("one that is refused at once stops the batch before anything is begun", async ({ page }) => {
  const before = await reloads();
  const targets = [
    { service: "startpage", version: "1.2.0", expected: "1.3.0" },
    { service: "fragile", version: "1.3.0", expected: "1.0.0" },
  ];
  const asked = { targets, stopAtFailure: true, by: "test", graceMs: 0 };
  expect(await askEngine(host(), "DeployMany", asked)).toMatchObject({
    ok: true,
    value: { begun: [], refused: [{ service: "fragile", why: { code: "image-problem" } }] },
  });
  expect(await runningDeployments(host())).toEqual([]);
  expect(await reloads()).toBe(before);
  await signIn(page, host());
  await expect(rowOf(page, "startpage")).toContainText("1.3.0");
});
