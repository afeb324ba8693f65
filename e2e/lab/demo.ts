import { type Box, downBox } from "./box";
import { bootHost } from "./host";
import { parseOptions } from "./options";
import { pause } from "./processes";

const NAME = "demo";
const DEMO_PORT = 8790;

/** `npm run demo`: a host with services and the program on it, until Ctrl-C. */
export async function main(args: readonly string[]): Promise<number> {
  const { suite, port = DEMO_PORT, empty, keep } = parseOptions(args);
  const stop = stopOnSignal();
  const host = bootHost({ name: NAME, suite, port, empty, keep, say: (line) => console.log(`» ${line}`) });
  try {
    const box = await Promise.race([host, stop.asked]);
    if (!box) return 0;
    if (!empty) console.log("  Its services answer on this machine too:", services(box));
    console.log("  Ctrl-C takes it all down. A root shell on it: npm run lab -- shell demo");
    console.log(`Attaché is ready: ${box.openLink()}`);
    if ((await Promise.race([stop.asked, poweredOff(box)])) === "powered-off")
      console.log("» The host has powered off");
    return 0;
  } finally {
    console.log("\n» Taking the host down");
    await host.catch(() => undefined); // a boot cannot be interrupted half-way, only undone
    await downBox(NAME);
  }
}

function services(box: Box): string {
  return Object.entries({ startpage: 8081, guestbook: 8082, clock: 8083 })
    .map(([name, port]) => `${name} http://localhost:${box.hostPort(port)}`)
    .join(", ");
}

/** Resolves (to null) at the first Ctrl-C; further ones change nothing, the host is on its way down. */
export function stopOnSignal(): { asked: Promise<null> } {
  const asked = new Promise<null>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => resolve(null));
  });
  return { asked };
}

async function poweredOff(box: Box): Promise<"powered-off"> {
  while (box.isUp()) await pause(500);
  return "powered-off";
}
