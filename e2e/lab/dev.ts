import { spawn } from "node:child_process";
import { downBox } from "./box";
import { stopOnSignal } from "./demo";
import { bootHost } from "./host";
import { parseOptions } from "./options";
import { GUEST_PROJECT } from "./state";

const NAME = "next-dev";

/** `npm run dev`: the demo's host with the engine installed, and `next dev` of this checkout running in it as root. */
export async function main(args: readonly string[]): Promise<number> {
  const { suite, port = 8790, empty, keep } = parseOptions(args);
  const stop = stopOnSignal();
  const host = bootHost({
    name: NAME,
    suite,
    port,
    empty,
    keep,
    install: "engine-only",
    writableProject: true,
    say: (line) => console.log(`» ${line}`),
  });
  try {
    const box = await Promise.race([host, stop.asked]);
    if (!box) return 0;
    await box.mustExec(["install", "-d", "-m", "0700", "/run/attache-web", "/var/lib/attache-web"]);
    const settings = [
      `ATTACHE_PORT=${box.port}`,
      "RUNTIME_DIRECTORY=/run/attache-web",
      "STATE_DIRECTORY=/var/lib/attache-web",
      "NEXT_TELEMETRY_DISABLED=1",
      "NODE_ENV=development",
    ];
    const next = [
      `${GUEST_PROJECT}/node_modules/next/dist/bin/next`,
      "dev",
      "--hostname",
      "127.0.0.1",
      "--port",
      String(box.port),
      GUEST_PROJECT,
    ];
    const [program = "", ...rest] = [...box.enter(), "env", ...settings, "node", ...next];
    const server = spawn(program, rest, { stdio: "inherit" });
    await Promise.race([stop.asked, new Promise((resolve) => server.on("exit", resolve))]);
    return 0;
  } finally {
    console.log("\n» Taking the host down");
    await host.catch(() => undefined);
    await downBox(NAME);
  }
}
