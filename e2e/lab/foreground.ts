import { type Box, downBox } from "./box";
import { bootHost, type HostOptions } from "./host";
import { pause } from "./processes";

/**
 * Boots a host, lets `whileUp` run on it and takes it down again: when `whileUp`
 * ends, when the host powers off, or at the first Ctrl-C, even during the boot.
 */
export async function runOnHost(
  options: HostOptions,
  whileUp: (box: Box) => Promise<unknown>,
): Promise<number> {
  const stopped = new Promise<null>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => resolve(null));
  });
  const booting = bootHost({ ...options, say: (line) => console.log(`» ${line}`) });
  try {
    const box = await Promise.race([booting, stopped]);
    if (box && (await Promise.race([whileUp(box), stopped, poweredOff(box)])) === POWERED_OFF) {
      console.log("» The host has powered off");
    }
    return 0;
  } finally {
    console.log("\n» Taking the host down");
    await downBox(options.name);
    // A boot that was interrupted ends in an error of no interest; what it may have started meanwhile goes as well.
    await Promise.race([booting.catch(() => undefined), pause(3000)]);
    await downBox(options.name);
  }
}

const POWERED_OFF = Symbol("powered off");

async function poweredOff(box: Box): Promise<symbol> {
  while (box.isUp()) await pause(500);
  return POWERED_OFF;
}
