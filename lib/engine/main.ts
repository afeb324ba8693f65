import { startEngine } from "@/lib/engine/start";

process.once("SIGTERM", () => process.exit(0));
startEngine().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
