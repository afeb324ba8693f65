import path from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { alias: { "@": path.resolve(__dirname) } },
  test: { include: ["{lib,components,app,e2e}/**/*.test.ts"], isolate: false, testTimeout: 20_000 },
});
