import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { alias: { "@": import.meta.dirname } },
  test: {
    include: ["{lib,components,app,e2e}/**/*.test.ts"],
    isolate: false,
    testTimeout: 20_000,
    expect: { poll: { timeout: 10_000 } },
  },
});
