import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What could leak: of the engine, and of the host because of it. */
export interface Holdings {
  /** Open descriptors of the engine, of portabled (0 while it is not up) and of PID 1. */
  readonly descriptors: number;
  readonly hostDescriptors: number;
  /** Loop devices that hold an image of the service. */
  readonly loops: number;
  readonly mounts: number;
  readonly cgroups: number;
  /** The engine's resident memory, MB (10⁶ bytes). */
  readonly rssMb: number;
}

export function readHoldings(service: string): Holdings {
  const engine = mainPid("attache-engine.service");
  return {
    descriptors: countIn(`/proc/${engine}/fd`),
    hostDescriptors: countIn("/proc/1/fd"),
    loops: loopsOf(service),
    mounts: readFileSync("/proc/1/mountinfo", "utf8").trim().split("\n").length,
    cgroups: countDirectories("/sys/fs/cgroup"),
    rssMb:
      (Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${engine}/status`, "utf8"))?.[1]) * 1024) / 1e6,
  };
}

function mainPid(unit: string): number {
  return Number(
    execFileSync("systemctl", ["show", unit, "--property=MainPID", "--value"], { encoding: "utf8" }),
  );
}

function countIn(directory: string): number {
  return readdirSync(directory).length;
}

/** The machine may have many; those of one service are known by the name of the file. */
function loopsOf(service: string): number {
  const files = readdirSync("/sys/block")
    .filter((name) => name.startsWith("loop"))
    .map((name) => read(join("/sys/block", name, "loop/backing_file")));
  return files.filter((file) => file.includes(`/${service}_`)).length;
}

function countDirectories(directory: string): number {
  const below = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return below.reduce((sum, { name }) => sum + 1 + countDirectories(join(directory, name)), 0);
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return ""; // it holds nothing
  }
}
