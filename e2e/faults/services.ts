import type { ImageSpec } from "../lab/image";
import type { Version } from "./checker";

/** A service of the test's host: which versions lie there, and how the first of them is attached. */
export interface Service {
  readonly name: string;
  readonly specs: readonly ImageSpec[];
  /** Further words for `portablectl attach`; `null`: it only lies there. */
  readonly attach: readonly string[] | null;
}

const IDLE = "ExecStart=/usr/bin/busybox tail -f /dev/null";

export function unit(description: string, settings: string, isEnabled = true): string {
  const install = isEnabled ? "[Install]\nWantedBy=multi-user.target\n" : "";
  return `[Unit]\nDescription=${description}\n[Service]\n${settings}\n${install}`;
}

/** The subject of most cases: two units that run, and in 2.0.0 and 3.0.0 a third that wants to be enabled. */
export function app(version: string, settings = IDLE, changes: Partial<ImageSpec> = {}): ImageSpec {
  const isNewer = version === "2.0.0" || version === "3.0.0";
  return {
    service: "app",
    version,
    ...changes,
    units: {
      "app.service": unit(`App ${version}`, settings),
      "app-worker.service": unit(`Worker of app ${version}`, IDLE),
      ...(isNewer ? { "app-extra.service": unit(`Extra of app ${version}`, IDLE) } : {}),
      ...changes.units,
    },
  };
}

/** A service of one unit that does nothing but run. */
export function plain(name: string, version: string): ImageSpec {
  return { service: name, version, units: { [`${name}.service`]: unit(`${name} ${version}`, IDLE) } };
}

const NOW = ["--now", "--enable"];
/** Gone soon after it started, but not before its start counts as done. */
const FALLING = "ExecStart=/usr/bin/busybox sh -c 'sleep 0.2; exit 1'";

/** What portabled takes for the same, or for a part of another: see the traps of portabled's matching. */
export const COLLIDING = ["web", "webadmin", "web-2", "we", "Web"] as const;

export const SERVICES: readonly Service[] = [
  { name: "app", specs: [app("1.0.0"), app("2.0.0"), app("3.0.0", FALLING), app("0.9.0")], attach: NOW },
  { name: "twin", specs: [plain("twin", "1.0.0"), plain("twin", "2.0.0")], attach: NOW },
  // Others, each attached in another way.
  { name: "calm", specs: [plain("calm", "1.0.0")], attach: NOW },
  { name: "fleeting", specs: [plain("fleeting", "1.0.0")], attach: ["--now", "--runtime"] },
  // Attached and at rest: what portabled takes by mistake it takes of those first, since nothing holds it back.
  { name: "resting", specs: [plain("resting", "1.0.0")], attach: [] },
  { name: "trusted", specs: [plain("trusted", "1.0.0")], attach: [...NOW, "--profile=trusted"] },
  ...COLLIDING.map(
    (name): Service => ({
      name,
      specs: ["1.0.0", "0.9.0", "2.0.0"].map((version) => plain(name, version)),
      attach: NOW,
    }),
  ),
  // To portabled up to systemd 255 a part of `app`; attached by the cases that need it.
  { name: "apple", specs: [plain("apple", "1.0.0")], attach: null },
  // One word before the first underscore: to portabled these two are one service.
  { name: "my", specs: [plain("my_app", "1"), plain("my_app", "2")], attach: NOW },
  { name: "my", specs: [plain("my_db", "1"), plain("my_db", "2")], attach: NOW },
];

/** What the checker has to know of a version that lies in /srv. */
export function versionOf(spec: ImageSpec, service = spec.service): Version {
  return {
    label: spec.version,
    image: `/srv/${service}/${spec.service}_${spec.version}.raw`,
    units: spec.units,
  };
}

/** The versions of one service, by label; of `my`, those of both images. */
export function versionsOf(name: string): Version[] {
  return SERVICES.filter((service) => service.name === name).flatMap((service) =>
    service.specs.map((spec) => versionOf(spec, name)),
  );
}

/** Units that are attached and shall not run when a case begins. */
export const RESTING: ReadonlySet<string> = new Set(
  SERVICES.filter(({ attach }) => attach !== null && !attach.includes("--now")).flatMap(({ specs }) =>
    specs.flatMap(({ units }) => Object.keys(units)),
  ),
);
