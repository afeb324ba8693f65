import { createHash } from "node:crypto";
import {
  closeSync,
  copyFileSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { buildImage, buildTree, type ImageSpec } from "../lab/image";
import { cacheDir } from "../lab/state";
import { app, unit } from "./services";

/** An image nobody should deploy, and what a service may be on after somebody did. */
export interface BadImage {
  readonly spec: ImageSpec;
  /** Puts it at a path of this machine. */
  readonly put: (target: string) => Promise<void>;
  /** The image is odd and works: being on it is right as well. */
  readonly mayRun?: boolean;
  /** It takes its time by its nature. */
  readonly withinMs?: number;
}

const VERSION = "9.0.0";
const GOOD = app(VERSION);
const BUSYBOX = "/bin/busybox";
const IDLE = "ExecStart=/usr/bin/busybox tail -f /dev/null";
const SLOW_MS = 100_000;

/** By name; each is `app` 9.0.0. */
export function badImages(): Readonly<Record<string, BadImage>> {
  return {
    "random-bytes": bytes(() => Buffer.concat(Array.from({ length: 4096 }, (_, n) => digest(n)))),
    empty: bytes(() => Buffer.alloc(0)),
    zeros: bytes(() => Buffer.alloc(1_000_000)),
    "magic-and-nothing": bytes((good) =>
      Buffer.concat([good.subarray(0, 96), Buffer.alloc(good.length - 96)]),
    ),
    ...Object.fromEntries(
      [10, 50, 90, 99].map((percent) => [
        `truncated-${percent}`,
        bytes((good) => good.subarray(0, Math.floor((good.length * percent) / 100))),
      ]),
    ),
    "last-block-missing": bytes((good) => good.subarray(0, good.length - 4096)),
    "damaged-in-the-middle": {
      ...bytes((good) =>
        Buffer.concat([
          good.subarray(0, good.length / 2),
          Buffer.alloc(65_536, 7),
          good.subarray(good.length / 2 + 65_536),
        ]),
      ),
      mayRun: true, // nobody may ever read that block
    },
    "sparse-huge": {
      spec: GOOD,
      put: async (target) => {
        const file = openSync(target, "w");
        ftruncateSync(file, 2 ** 40);
        closeSync(file);
      },
    },
    "no-os-release": image({ without: ["/usr/lib/os-release", "/etc/os-release"] }),
    "no-id": { ...image({ osRelease: { ID: null } }), mayRun: true },
    "os-release-not-utf8": {
      ...image({ copies: { "/usr/lib/os-release": osReleaseInLatin1() } }),
      mayRun: true,
    },
    "os-release-empty": { ...image({ files: { "/usr/lib/os-release": "" } }), mayRun: true },
    "no-matching-unit": image({ units: { "else.service": unit("Else", IDLE) } }, true),
    "no-unit-at-all": image({ units: {} }, true),
    "wrong-prefixes": image({ osRelease: { PORTABLE_PREFIXES: "else" } }),
    "scope-user": { ...image({ osRelease: { PORTABLE_SCOPE: "user" } }), mayRun: true },
    "no-mount-point-proc": image({ without: ["/proc"] }),
    "no-mount-point-sys": image({ without: ["/sys"] }),
    "no-mount-point-dev": image({ without: ["/dev"] }),
    "no-mount-point-run": image({ without: ["/run"] }),
    "no-mount-point-tmp": image({ without: ["/tmp"] }),
    "no-mount-point-var-tmp": image({ without: ["/var/tmp"] }),
    "no-machine-id": image({ without: ["/etc/machine-id"] }),
    "no-resolv-conf": { ...image({ without: ["/etc/resolv.conf"] }), mayRun: true },
    "no-state-directory": settings(`StateDirectory=app\n${IDLE}`),
    "bind-source-missing": image({
      directories: ["/data"],
      units: { "app.service": unit("App", `BindPaths=/nowhere:/data\n${IDLE}`) },
    }),
    "bind-target-missing": settings(`BindPaths=/srv:/nowhere\n${IDLE}`),
    // The profile says DynamicUser=, so it becomes known.
    "unknown-user": { ...settings(`User=nobody-knows-me\n${IDLE}`), mayRun: true },
    "missing-environment-file": settings(`EnvironmentFile=/etc/nowhere\n${IDLE}`),
    "program-missing": settings("ExecStart=/usr/bin/nothing-here"),
    "program-not-executable": {
      ...image({
        files: { "/usr/bin/plain": "text\n" },
        units: { "app.service": unit("App", "ExecStart=/usr/bin/plain") },
      }),
    },
    "wrong-architecture": image({
      copies: { "/usr/bin/foreign": foreignProgram() },
      units: { "app.service": unit("App", "ExecStart=/usr/bin/foreign") },
    }),
    "exits-at-once": settings("ExecStart=/usr/bin/busybox false"),
    "ends-well-at-once": settings("ExecStart=/usr/bin/busybox true"),
    "exits-after-a-second": settings("ExecStart=/usr/bin/busybox sh -c 'sleep 0.8; exit 3'"),
    "exits-while-it-is-watched": settings("ExecStart=/usr/bin/busybox sh -c 'sleep 0.5; exit 3'"),
    "second-unit-exits": image({
      units: { "app-worker.service": unit("Worker", "ExecStart=/usr/bin/busybox false") },
    }),
    "crash-loop": settings("Restart=always\nRestartSec=50ms\nExecStart=/usr/bin/busybox false"),
    "slow-crash-loop": settings(
      "Restart=always\nRestartSec=50ms\nExecStart=/usr/bin/busybox sh -c 'sleep 0.6; exit 1'",
    ),
    "killed-by-a-signal": settings("ExecStart=/usr/bin/busybox sh -c 'sleep 0.3; kill -SEGV $$$$'"),
    "never-ready": settings(`Type=notify\nTimeoutStartSec=2\n${IDLE}`),
    "start-timeout": settings(
      `TimeoutStartSec=2\nExecStartPre=/usr/bin/busybox sleep 60\nTimeoutStopSec=2\n${IDLE}`,
    ),
    "condition-fails": image({
      units: {
        "app.service": `[Unit]\nConditionPathExists=/nowhere\n[Service]\n${IDLE}\n[Install]\nWantedBy=multi-user.target\n`,
      },
    }),
    "stop-hangs": {
      // What the second unit's fall calls back does not go when it is told to.
      ...image({
        units: {
          "app.service": unit(
            "App",
            "TimeoutStopSec=60\nExecStart=/usr/bin/busybox sh -c 'trap \"\" TERM; while :; do sleep 1; done'",
          ),
          "app-worker.service": unit("Worker", "ExecStart=/usr/bin/busybox sh -c 'sleep 0.5; exit 1'"),
        },
      }),
      withinMs: SLOW_MS,
    },
    "unit-with-syntax-error": settings("this is no setting\n[[[\nExecStart"),
    "unit-without-program": settings("Type=simple"),
    // To portabled an empty unit file is none, so this is a version without its main unit.
    "fewer-units": {
      ...image({ units: { "app-worker.service": unit("Worker", IDLE) } }, true),
      mayRun: true,
    },
    "unit-of-noise": image({ units: { "app.service": "\u0001\u0002\u00ff".repeat(500) } }),
    "unit-of-the-host": image(
      {
        osRelease: { PORTABLE_PREFIXES: "app dbus" },
        units: { "dbus.service": unit("Not the bus", IDLE) },
      },
      false,
    ),
    "a-directory": {
      spec: GOOD,
      mayRun: true,
      put: async (target) => buildTree(GOOD, target),
    },
  };
}

let built: Promise<string> | undefined;

/** `app` 9.0.0 as it should be; built once, though several workers may ask at the same moment. */
export function goodImage(): Promise<string> {
  built ??= buildImage(GOOD);
  return built;
}

function image(changes: Partial<ImageSpec>, onlyThese = false): BadImage {
  const spec: ImageSpec = onlyThese
    ? { ...GOOD, ...changes, units: changes.units ?? {} }
    : app(VERSION, IDLE, changes);
  return { spec, put: async (target) => copyFileSync(await buildImage(spec), target) };
}

function settings(text: string): BadImage {
  return image({ units: { "app.service": unit("App", text) } });
}

/** Another file made from a good image's bytes. */
function bytes(make: (good: Buffer) => Buffer): BadImage {
  return {
    spec: GOOD,
    put: async (target) => writeFileSync(target, make(readFileSync(await goodImage()))),
  };
}

function digest(n: number): Buffer {
  return createHash("sha256").update(`noise ${n}`).digest();
}

/** busybox, said to be for another machine: e_machine of the ELF header. */
function foreignProgram(): string {
  const program = readFileSync(BUSYBOX);
  program.writeUInt16LE(program.readUInt16LE(18) === 0xb7 ? 0x3e : 0xb7, 18);
  return keep("foreign-program", program);
}

function osReleaseInLatin1(): string {
  return keep(
    "os-release",
    Buffer.from('ID=demo\nVERSION_ID=9.0.0\nPRETTY_NAME="Sp\u00e4\u00dfe"\n', "latin1"),
  );
}

function keep(name: string, content: Buffer): string {
  const file = join(cacheDir(), "faults", name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content, { mode: 0o755 });
  return file;
}
