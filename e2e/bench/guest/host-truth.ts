import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";
import { nowMs } from "./clock";

const execute = promisify(execFile);

/** Runs a program as an admin would and answers how long it took, start and exit included, ms. */
export async function timed(program: string, ...args: string[]): Promise<number> {
  const startedAt = nowMs();
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const [code, endedAt] = await new Promise<[number | null, number]>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (exit) => resolve([exit, nowMs()]));
  });
  if (code !== 0) throw new Error(`${program} ${args.join(" ")}: exit code ${code}\n${said}`);
  return endedAt - startedAt;
}

/** So many starts in a row are more than PID 1 lets pass; the engine sees to that itself. */
export async function forgetStarts(unit: string): Promise<void> {
  await execute("systemctl", ["reset-failed", unit]);
}

/**
 * Throws unless PID 1 says that the unit runs from this image, and that its
 * process was started between the two moments (ms of the monotonic clock).
 */
export async function provesActive(unit: string, image: string, from: number, to: number): Promise<void> {
  const names = ["ActiveState", "RootImage", "MainPID", "ExecMainStartTimestampMonotonic"];
  const { stdout } = await execute("systemctl", ["show", unit, ...names.map((name) => `--property=${name}`)]);
  const facts = new Map(stdout.split("\n").map((line) => [line.split("=")[0], line.split("=")[1]]));
  const startedAt = Number(facts.get("ExecMainStartTimestampMonotonic")) / 1000;
  if (
    facts.get("ActiveState") !== "active" ||
    facts.get("RootImage") !== image ||
    facts.get("MainPID") === "0" ||
    !(startedAt >= from && startedAt <= to)
  )
    throw new Error(`${unit} was not active from ${image} at ${to} (asked at ${from}): ${stdout}`);
}
