import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Box } from "../lab/box";

/** What can be killed without the host going down with it. */
export const VICTIMS = {
  engine: /\/opt\/attache\/engine\/engine\.mjs/,
  portabled: /systemd-portabled/,
  "dbus-daemon": /dbus-daemon.*--system/,
} as const;
export type Victim = keyof typeof VICTIMS;

/** Every process of the guest that is this program, as this machine numbers them. */
export function pidsOf(box: Box, victim: Victim): number[] {
  return processesOf(box.pid).filter((pid) => VICTIMS[victim].test(commandOf(pid)));
}

/** Kills every process of the guest that is this program, from outside; answers how many there were. */
export function kill(box: Box, victim: Victim): number {
  return killPids(pidsOf(box, victim));
}

export function killPids(pids: readonly number[]): number {
  return pids.filter((pid) => send(pid, "SIGKILL")).length;
}

/** Stops processes where they are, or lets them go on. */
export function hold(pids: readonly number[], isHeld: boolean): void {
  for (const pid of pids) send(pid, isHeld ? "SIGSTOP" : "SIGCONT");
}

/** All processes in the PID namespace of a guest, as this machine numbers them. */
function processesOf(init: number): number[] {
  const namespace = namespaceOf(init);
  if (namespace === null) return [];
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && namespaceOf(pid) === namespace);
}

function namespaceOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return null; // gone
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false; // it has ended by itself
  }
}
