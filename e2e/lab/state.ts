import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { GuestNode } from "./guest-node";
import type { ProcessMark } from "./processes";

export const SUITES = ["bookworm", "trixie", "forky"] as const;
export type Suite = (typeof SUITES)[number];
export const DEFAULT_SUITE: Suite = "trixie";

export const PROJECT = resolve(__dirname, "../..");
/** Where the project lies inside every box, read-only. */
export const GUEST_PROJECT = "/usr/src/attache";

export const cacheDir = () => join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "attache");

const STATES = "/run/attache-lab";

/** A port of this machine's loopback that leads to a port of the guest's loopback. */
export interface Forward {
  /** What is asked for; once the box is up, what it is. 0 = any, and then the guest's is the same where it is 0 too. */
  readonly host: number;
  readonly guest: number;
}

/** What a box was asked to be. */
export interface BoxSpec {
  readonly name: string;
  readonly suite: Suite;
  /** Directory of the guest's base tree (read-only lower layer). */
  readonly tree: string;
  readonly node: GuestNode;
  /** Directory of the layer that takes what the guest writes. */
  readonly upper: string;
  readonly cgroup: string;
  readonly forwards: readonly Forward[];
  /** The upper layer survives `down`. */
  readonly keep: boolean;
  /** The box goes down with the process that holds the other end of the keeper's standard input. */
  readonly owned: boolean;
  /** The project is bound read-write, for `next dev`. */
  readonly writableProject: boolean;
}

/** A box that was started. Missing marks mean that its keeper has not come that far. */
export interface BoxState extends BoxSpec {
  readonly keeper: ProcessMark | null;
  /** The guest's PID 1 as this machine sees it. */
  readonly init: ProcessMark | null;
  /** Device number of the guest's root file system as losetup prints it; its loop devices are known by it. */
  readonly device: string | null;
}

export const boxDir = (name: string) => join(STATES, name);
const stateFile = (name: string) => join(boxDir(name), "box.json");

export function readState(name: string): BoxState | null {
  try {
    return asState(readFileSync(stateFile(name), "utf8"));
  } catch {
    return null;
  }
}

export function writeState(state: BoxState): void {
  const file = stateFile(state.name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, JSON.stringify(state, null, 2));
  renameSync(`${file}.new`, file);
}

export function listBoxes(): string[] {
  try {
    return readdirSync(STATES).sort();
  } catch {
    return [];
  }
}

/** Marks a host that was finished and may be booted again. */
export const keptFile = (upper: string) => join(upper, "kept");

/** The release of the host whose writes lie in `upper`; `null` when there is none, or only an unfinished one. */
export function keptSuite(upper: string): string | null {
  return existsSync(keptFile(upper)) ? readFileSync(keptFile(upper), "utf8") : null;
}

/** Safe because only this file writes the text, in one rename. */
function asState(text: string): BoxState {
  return JSON.parse(text) as BoxState;
}
