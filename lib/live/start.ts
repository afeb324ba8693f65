import { setTimeout as sleep } from "node:timers/promises";
import { offerLink } from "@/lib/auth/open-link";
import { readEnv } from "@/lib/env";
import { live } from "@/lib/live";

/** How long open streams have to end before the server goes all the same, ms. */
const LAST_WORDS_MS = 2000;

/** How long the first request waits for the first picture of the host, ms: without one every service would be "not here". */
const FIRST_PICTURE_MS = 10_000;

/** Starts the web server's own work: follow the host, offer the link, end when told to. Resolves when there is something to show. */
export async function start(): Promise<void> {
  try {
    live().start();
    await Promise.race([live().ready, sleep(FIRST_PICTURE_MS, undefined, { ref: false })]);
    offerLink(`http://localhost:${readEnv().port}`, "Attaché is ready");
  } catch (error) {
    // Next would go on and answer 500 to everything.
    console.error(error);
    process.exit(1);
  }
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    process.once(signal, () => {
      live().close();
      setTimeout(() => process.exit(0), LAST_WORDS_MS).unref();
    });
}
