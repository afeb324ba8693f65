import { readFileSync } from "node:fs";
import type { Box } from "../lab/box";

/** What PID 1 says of one unit. */
export interface Shown {
  readonly unit: string;
  readonly load: string;
  readonly active: string;
  readonly sub: string;
  /** RootImage= or RootDirectory=, "" where the unit has neither. */
  readonly root: string;
  readonly needReload: boolean;
  readonly invocation: string;
  /** In the guest's numbering; 0 = none. */
  readonly mainPid: number;
  /** When it last left "inactive", µs since boot. */
  readonly startedUs: number;
}

const PROPERTIES = [
  "Id",
  "LoadState",
  "ActiveState",
  "SubState",
  "RootImage",
  "RootDirectory",
  "NeedDaemonReload",
  "InvocationID",
  "MainPID",
  "InactiveExitTimestampMonotonic",
];

/** Asks PID 1 over its own socket, so that it works without a bus. */
export async function showUnits(box: Box, units: readonly string[]): Promise<ReadonlyMap<string, Shown>> {
  if (units.length === 0) return new Map();
  const argv = ["systemctl", "show", `--property=${PROPERTIES.join(",")}`, "--", ...units];
  const { stdout } = await box.exec(argv, { timeoutMs: 10_000 });
  const blocks = stdout.split("\n\n").filter((block) => block.trim() !== "");
  return new Map(
    blocks.map((block) => {
      const shown = parseBlock(block);
      return [shown.unit, shown];
    }),
  );
}

/** The version that a process of the guest really has as its root, by that root's os-release; `null` when it is gone. */
export function versionOfProcess(box: Pick<Box, "rootPath">, guestPid: number): string | null {
  try {
    const text = readFileSync(box.rootPath(`/proc/${guestPid}/root/usr/lib/os-release`), "utf8");
    return /^VERSION_ID="?([^"\n]*)"?$/m.exec(text)?.[1] ?? null;
  } catch {
    return null;
  }
}

function parseBlock(block: string): Shown {
  const fields = new Map(
    block.split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
  const of = (name: string) => fields.get(name) ?? "";
  return {
    unit: of("Id"),
    load: of("LoadState"),
    active: of("ActiveState"),
    sub: of("SubState"),
    root: of("RootImage") || of("RootDirectory"),
    needReload: of("NeedDaemonReload") === "yes",
    invocation: of("InvocationID"),
    mainPid: Number(of("MainPID")) || 0,
    startedUs: Number(of("InactiveExitTimestampMonotonic")) || 0,
  };
}
