import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

export interface RunOptions {
  readonly input?: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** The program is killed after this many ms; `code` is then 137. */
  readonly timeoutMs?: number;
  /** Called with each line of standard error while the program runs. */
  readonly onLine?: (line: string) => void;
}

/** Runs a program to its end. Never throws for its exit code; throws when it cannot be started. */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const [program = "", ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: options.cwd, env: options.env ?? process.env, stdio: "pipe" });
    const timer = options.timeoutMs ? setTimeout(() => child.kill("SIGKILL"), options.timeoutMs) : undefined;
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      for (const line of text.split("\n")) if (line.trim()) options.onLine?.(line.trim());
    });
    child.stdin.on("error", () => undefined); // a program that does not read its input is not an error
    child.stdin.end(options.input ?? "");
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ stdout, stderr, code: code ?? 137 });
    });
  });
}

/** Like {@link run}, but an exit code other than 0 throws with what the program said. */
export async function mustRun(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const ended = await run(argv, options);
  if (ended.code !== 0)
    throw new Error(`${argv.join(" ")}: exit code ${ended.code}\n${ended.stderr || ended.stdout}`);
  return ended.stdout;
}

/** A process, told apart from a later one with the same number. */
export interface ProcessMark {
  readonly pid: number;
  readonly started: string;
}

export function markOf(pid: number): ProcessMark | null {
  const started = statFields(pid)?.[19];
  return started ? { pid, started } : null;
}

export function isAlive(mark: ProcessMark): boolean {
  const fields = statFields(mark.pid);
  return fields !== null && fields[19] === mark.started && fields[0] !== "Z";
}

/** The first child of `pid`; `null` when it has none. */
export function childOf(pid: number): number | null {
  for (const entry of readdirSync("/proc")) {
    const child = Number(entry);
    if (Number.isInteger(child) && statFields(child)?.[1] === String(pid)) return child;
  }
  return null;
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Asks `probe` again until it says yes; `false` when `timeoutMs` have passed. */
export async function waitUntil(
  probe: () => boolean | Promise<boolean>,
  timeoutMs: number,
  everyMs = 25,
): Promise<boolean> {
  const end = Date.now() + timeoutMs;
  while (!(await probe())) {
    if (Date.now() > end) return false;
    await pause(everyMs);
  }
  return true;
}

/** Fields of /proc/PID/stat from the third (state) on: the second may hold spaces and brackets. */
function statFields(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null; // gone
  }
}
