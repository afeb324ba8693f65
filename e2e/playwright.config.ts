import { existsSync } from "node:fs";
import { defineConfig } from "@playwright/test";

const chromium = [process.env.CHROMIUM_PATH, "/usr/bin/chromium", "/usr/bin/chromium-browser"].find(
  (file) => file !== undefined && existsSync(file),
);
const isRoot = process.getuid?.() === 0;

export default defineConfig({
  testDir: ".",
  testMatch: "*.spec.ts",
  outputDir: "../test-results",
  fullyParallel: false, // a file has one host, and its tests take turns on it
  workers: 2,
  forbidOnly: process.env.CI !== undefined,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  use: {
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
    launchOptions: {
      ...(chromium ? { executablePath: chromium } : {}),
      args: [
        "--disable-background-networking",
        "--disable-component-update",
        ...(isRoot ? ["--no-sandbox"] : []),
      ],
    },
  },
});
