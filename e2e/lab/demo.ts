import type { Box } from "./box";
import { DEMO_PORTS } from "./demo-images";
import { runOnHost } from "./foreground";
import { DEFAULT_PORT, parseOptions } from "./options";

/** `npm run demo`: a host with services and the program on it, until Ctrl-C. */
export async function main(args: readonly string[]): Promise<number> {
  const { suite, port = DEFAULT_PORT, empty, keep } = parseOptions(args);
  return await runOnHost({ name: "demo", suite, port, empty, keep }, (box) => {
    if (!empty) console.log(`  Its services answer on this machine too: ${services(box)}`);
    console.log("  Ctrl-C takes it all down. A root shell on it: npm run lab -- shell demo");
    console.log(`Attaché is ready: ${box.openLink()}`);
    return new Promise(() => undefined);
  });
}

function services(box: Box): string {
  const links = Object.entries(DEMO_PORTS).map(
    ([name, port]) => `${name} http://localhost:${box.hostPort(port)}`,
  );
  return links.join(", ");
}
