import { spawn } from "node:child_process";
import type { Box } from "./box";
import { runOnHost } from "./foreground";
import { DEFAULT_PORT, parseOptions } from "./options";
import { GUEST_PROJECT } from "./state";

const STATE = "/var/lib/attache-web";

/** `npm run dev`: the demo's host with the engine installed, and `next dev` of this checkout running in it as root. */
export async function main(args: readonly string[]): Promise<number> {
  const { suite, port = DEFAULT_PORT, empty, keep } = parseOptions(args);
  const options = { suite, port, empty, keep, install: "engine-only", writableProject: true } as const;
  return await runOnHost({ name: "next-dev", ...options }, nextDev);
}

async function nextDev(box: Box): Promise<unknown> {
  await box.mustExec(["install", "-d", "-m", "0700", STATE]);
  const settings = {
    ATTACHE_PORT: box.port,
    PORT: box.port,
    STATE_DIRECTORY: STATE,
    NEXT_TELEMETRY_DISABLED: "1",
  };
  const env = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  const next = [
    `${GUEST_PROJECT}/node_modules/next/dist/bin/next`,
    "dev",
    "--hostname",
    "127.0.0.1",
    GUEST_PROJECT,
  ];
  const [program = "", ...rest] = [...box.enter(), "env", ...env, "node", ...next];
  const server = spawn(program, rest, { stdio: "inherit" });
  return new Promise((resolve) => server.on("exit", resolve));
}
