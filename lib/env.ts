import { z } from "zod";
import type { HostPaths } from "@/lib/systemd/types";

const ms = (fallback: number, most: number) => z.coerce.number().int().min(0).max(most).default(fallback);

const Settings = z.object({
  /** Colon-separated directories that hold images; a trailing `/*` means each directory below. */
  ATTACHE_IMAGE_ROOTS: z.string().default("/srv/*"),
  ATTACHE_STATE_DIR: z.string().startsWith("/").default("/var/lib/attache"),
  ATTACHE_PORT: z.coerce.number().int().min(1).max(65_535).default(8790),
  /** How long a click can be taken back before anything happens, ms. */
  ATTACHE_GRACE_MS: ms(3000, 10_000),
  /** How long a unit has to stay up before a deployment counts as a success, ms. */
  ATTACHE_SETTLE_MS: ms(5000, 600_000),
  DBUS_SYSTEM_BUS_ADDRESS: z.string().default("unix:path=/run/dbus/system_bus_socket"),
});

export interface Env {
  readonly imageRoots: readonly string[];
  readonly stateDir: string;
  readonly databaseFile: string;
  readonly port: number;
  readonly graceMs: number;
  readonly settleMs: number;
  readonly busAddress: string;
}

/**
 * Reads the settings that web server and engine share (one env file on the
 * host). Throws a `ZodError` that names the variable: a process with a wrong
 * setting must not start with another one.
 */
export function readEnv(source: NodeJS.ProcessEnv = process.env): Env {
  const set = Settings.parse(source);
  return {
    imageRoots: set.ATTACHE_IMAGE_ROOTS.split(":").filter((root) => root.startsWith("/")),
    stateDir: set.ATTACHE_STATE_DIR,
    databaseFile: `${set.ATTACHE_STATE_DIR}/attache.db`,
    port: set.ATTACHE_PORT,
    graceMs: set.ATTACHE_GRACE_MS,
    settleMs: set.ATTACHE_SETTLE_MS,
    busAddress: set.DBUS_SYSTEM_BUS_ADDRESS,
  };
}

/** Where portabled and PID 1 keep their files (portablectl(1), systemd.unit(5)). */
export const HOST_PATHS: HostPaths = {
  attached: { persistent: "/etc/systemd/system.attached", runtime: "/run/systemd/system.attached" },
  portables: [
    "/etc/portables",
    "/run/portables",
    "/var/lib/portables",
    "/usr/local/lib/portables",
    "/usr/lib/portables",
  ],
  unitLinks: { persistent: "/etc/systemd/system", runtime: "/run/systemd/system" },
};
