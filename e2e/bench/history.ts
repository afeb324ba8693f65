import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Box } from "../lab/box";
import { cgroup2 } from "../lab/machine";
import { pause } from "../lab/processes";
import { placeBadImages } from "./bad-images";
import type { Bench } from "./bench-box";
import type { Figures } from "./figures";
import type { DiskEvent } from "./guest/disk";
import type { Replayed } from "./guest/replay";
import { runProgram } from "./guest-program";
import { readSystemCalls, TRACED } from "./system-calls";

const ROUNDS = 3;
const STATE = "/var/lib/attache";
const DATABASE = `${STATE}/attache.db`;
/** Inside the box. */
const BASE = "/root/bench-base";
const EVENTS = "/root/bench-events.json";
const QUIET_MS = 1500;

/**
 * The power is cut after each of the engine's writes: strace tells what it
 * wrote, synced, renamed and told during some deployments, and what could be
 * left after any of it is opened with the engine's own code.
 */
export async function measureHistory(box: Box, { say }: Bench): Promise<Figures> {
  await placeBadImages(box);
  say("Deployments under strace");
  const events = await traceWrites(box, async () => {
    await box.mustExec(["cp", "-a", STATE, BASE]);
    await runProgram(box, "writes", [ROUNDS], { say });
  });
  writeFileSync(box.rootPath(EVENTS), JSON.stringify(events.filter(isOfHistory)));
  say("Power cuts after each write");
  const replayed = await runProgram<Replayed>(box, "replay", [EVENTS, BASE, STATE, DATABASE], { say });
  for (const line of replayed.lost.slice(0, 20)) say(line);
  if (replayed.told === 0) throw new Error("no end of a deployment was told");
  return {
    "history.lost": replayed.lost.length,
    "history.prefixes": replayed.cuts,
    "history.states": replayed.states,
    "history.deployments": replayed.told,
    "history.database_writes": replayed.databaseWrites,
  };
}

async function traceWrites(box: Box, work: () => Promise<void>): Promise<DiskEvent[]> {
  const directory = mkdtempSync(join(tmpdir(), "attache-bench-"));
  const output = join(directory, "calls");
  const argv = [
    "-f",
    "-y",
    "-xx",
    "-s",
    "16777216",
    "-o",
    output,
    "-e",
    `trace=${TRACED}`,
    "-p",
    enginePid(box),
  ];
  const strace = spawn("strace", argv, { stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise<void>((resolve, reject) => {
    strace.on("error", reject);
    strace.on("exit", () => resolve());
  });
  try {
    await Promise.race([new Promise((resolve) => strace.stderr.once("data", resolve)), ended]);
    await work();
    await pause(QUIET_MS);
    strace.kill("SIGINT"); // lets go of the engine
    await ended;
    return readSystemCalls(readFileSync(output, "latin1"), STATE);
  } finally {
    strace.kill("SIGKILL");
    rmSync(directory, { recursive: true });
  }
}

/** As this machine numbers it. */
function enginePid(box: Box): string {
  const group = join(
    cgroup2(),
    `attache-lab-${box.name}`,
    "system.slice/attache-engine.service/cgroup.procs",
  );
  return readFileSync(group, "utf8").trim().split("\n")[0] ?? "";
}

/** The way back and the reserve hold nothing of the history. */
function isOfHistory(event: DiskEvent): boolean {
  if (event.kind === "told") return true;
  const path = event.kind === "rename" ? event.to : event.path;
  return (
    path === STATE || path === DATABASE || path === `${DATABASE}-wal` || path.startsWith(`${STATE}/intents`)
  );
}
