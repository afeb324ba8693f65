import path from "node:path";
import { defineConfig } from "prisma/config";

const here = import.meta.dirname;

// Prisma would fetch its native schema engine; ours runs the WASM build that npm has installed already.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= path.join(here, "prisma/schema-engine.mjs");
process.env.CHECKPOINT_DISABLE ??= "1";

export default defineConfig({
  schema: path.join(here, "prisma/schema.prisma"),
  migrations: { path: path.join(here, "prisma/migrations") },
  datasource: { url: process.env.DATABASE_URL ?? `file:${path.join(here, "dist/dev.db")}` },
});
