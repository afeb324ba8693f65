import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type Box, type BoxOptions, bootBox, checkName } from "./box";
import { DEMO_PORTS } from "./demo-images";
import { fillBox } from "./fill";
import { addOddities } from "./oddities";
import { waitUntil } from "./processes";
import { GUEST_PROJECT } from "./state";

export interface HostOptions extends BoxOptions {
  /** No portable service on it. */
  readonly empty?: boolean;
  /** Files in the image directories that are no images, or hostile ones. */
  readonly oddities?: boolean;
  /** Lines for /etc/attache/attache.env. */
  readonly env?: Readonly<Record<string, string | number>>;
  /** `engine-only`: without the web server, for `next dev`. */
  readonly install?: "all" | "engine-only";
}

const FILLED = "/var/lib/attache-lab-filled";
const WEB_MS = 30_000;

/** Boots a host, fills it with the demo's services and installs the program on it as an admin would. */
export async function bootHost(options: HostOptions): Promise<Box> {
  const { empty = false, oddities = false, env = {}, install = "all", say = () => undefined } = options;
  checkName(options.name);
  say("Booting the host");
  const box = await bootBox({ forwards: empty ? [] : Object.values(DEMO_PORTS), ...options });
  if (!empty && !existsSync(box.rootPath(FILLED))) {
    say("Filling it with services");
    await fillBox(box);
    if (oddities) await addOddities(box);
    writeFileSync(box.rootPath(FILLED), "");
  }
  say("Installing Attaché on it");
  await installProgram(box, env, install);
  box.markKept();
  return box;
}

/** Runs packaging/install inside, from the project as it is built now. */
export async function installProgram(
  box: Box,
  env: HostOptions["env"] = {},
  install: HostOptions["install"] = "all",
): Promise<void> {
  const settings = { ATTACHE_PORT: box.port, ...env };
  const file = box.rootPath("/etc/attache/attache.env");
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(
    file,
    Object.entries(settings)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(""),
  );
  await box.mustExec([
    `${GUEST_PROJECT}/packaging/install`,
    ...(install === "engine-only" ? ["--engine-only"] : []),
  ]);
  if (install === "engine-only") return;
  const isUp = await waitUntil(
    () => existsSync(box.rootPath("/run/attache-web/link")) && box.openLink() !== "",
    WEB_MS,
  );
  if (!isUp)
    throw new Error(
      `the web server did not start\n${await box.mustExec(["journalctl", "-u", "attache-web", "--no-pager", "-n", "40"])}`,
    );
}
