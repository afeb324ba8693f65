// Starts Next's standalone server on the loopback address only: beside this file once installed, in .next when built.
import { existsSync } from "node:fs";

process.env.NODE_ENV = "production";
process.env.HOSTNAME = "127.0.0.1";
process.env.PORT = process.env.ATTACHE_PORT || "8790";

const installed = new URL("server.js", import.meta.url);
const built = new URL("../.next/standalone/server.js", import.meta.url);
const server = [installed, built].find((file) => existsSync(file));
if (!server) {
  console.error("Nothing is built yet: npm run build");
  process.exit(1);
}
await import(server.href);
