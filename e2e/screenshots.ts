import { join } from "node:path";
import { chromium } from "@playwright/test";
import { bootHost } from "./lab/host";
import { PROJECT } from "./lab/state";
import config from "./playwright.config";

/** `npm run screenshots`: the pictures of the documentation, taken of a real host in a box. */
export async function main(): Promise<number> {
  const host = await bootHost({ name: "screenshots", env: { ATTACHE_GRACE_MS: 0 }, say: console.error });
  const browser = await chromium.launch(config.use?.launchOptions ?? {});
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 720 }, colorScheme: "light" });
    await page.goto(host.openLink());
    for (const [service, button] of [
      ["startpage", "Upgrade to 1.3.0"],
      ["guestbook", "Upgrade to 2.1.0"],
    ] as const) {
      const row = page.getByRole("row").filter({ hasText: service }).first();
      await row.getByRole("button", { name: button }).click();
      await page.getByRole("button", { name: "Dismiss" }).click({ timeout: 60_000 });
    }
    await page.getByRole("row").filter({ hasText: "metrics" }).getByRole("button").first().click();
    await page.getByText("Watching whether").first().waitFor();
    await page.screenshot({ path: join(PROJECT, "docs/services.png") });
    return 0;
  } finally {
    await browser.close();
    await host.down();
  }
}
