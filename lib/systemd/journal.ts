import { spawn } from "node:child_process";
import { AppError } from "@/lib/errors";
import { type JournalEntry, parseJournal, toJournalLine } from "./journal-entry";
import type { Systemd } from "./types";

/** Message id of PID 1's "unit started" (systemd's message catalogue). */
const UNIT_STARTED = "39f53479d3a045ac8e11786248231fbf";
/** So many starts of any unit are looked at for the versions that ran before. */
const STARTS = 5000;
/** So many image files are looked up one by one where PID 1 does not tell. */
const MOST_FILES = 200;
const MOST_LINES = 1000;
const TIMEOUT_MS = 10_000;
/** journalctl writes fields longer than 4 KiB as null, so this is far more than what is asked for can take. */
const MOST_BYTES = 64 * 1024 * 1024;

/** See `Systemd.journal`. Throws `call-failed` (journalctl is missing or refuses) or `timed-out`. */
export const readJournal: Systemd["journal"] = async ({ unit, invocationId, lines }) => {
  // PID 1 and the process that it forks speak of a run by INVOCATION_ID, the service itself carries the trusted
  // field. Without the `+` half, "Failed to set up mount namespacing" and its like are missing.
  const scope = invocationId
    ? [`_SYSTEMD_INVOCATION_ID=${invocationId}`, "+", `INVOCATION_ID=${invocationId}`, "_UID=0"]
    : [`--unit=${unit}`];
  await writeOut();
  const count = Math.min(Math.max(1, Math.trunc(lines)), MOST_LINES);
  const entries = await entriesOf([`--lines=${count}`, "--output-fields=MESSAGE,PRIORITY", ...scope]);
  return entries.map((entry) => toJournalLine(entry, unit)).sort((one, other) => one.at - other.at);
};

/** journald writes with a delay, and the last words of a unit are what is asked for. Only root may ask for it; others read what is there. */
async function writeOut(): Promise<void> {
  await journalctl(["--sync"]).catch((error: unknown) => {
    if (!(error instanceof AppError)) throw error;
  });
}

/**
 * Which image files each unit has been started from, newest first, each once:
 * portabled has `PORTABLE=` (a file name such as `demo_1.2.0.raw`) added to
 * what is logged about a unit. As old as the journal is kept. Throws like
 * `readJournal`.
 */
export async function startsByPortable(): Promise<ReadonlyMap<string, readonly string[]>> {
  const starts = newestFirst(await toldByPid1(), "UNIT");
  return starts.size > 0 ? starts : newestFirst(await toldByServices(), "_SYSTEMD_UNIT");
}

function toldByPid1(): Promise<readonly JournalEntry[]> {
  const filter = ["_PID=1", `MESSAGE_ID=${UNIT_STARTED}`];
  return entriesOf([`--lines=${STARTS}`, "--output-fields=PORTABLE,UNIT", ...filter]);
}

/**
 * On older systemd (252 was seen) PID 1's own lines lack the field, the service's have
 * it. One look per image file, since a service that logs a lot would hide all
 * others; a service that logs nothing stays unknown.
 */
async function toldByServices(): Promise<readonly JournalEntry[]> {
  const files = (await journalctl(["--field=PORTABLE"])).split("\n").filter(Boolean).slice(0, MOST_FILES);
  const fields = "--output-fields=PORTABLE,_SYSTEMD_UNIT";
  const entries: JournalEntry[] = [];
  for (const file of files) entries.push(...(await entriesOf(["--lines=20", fields, `PORTABLE=${file}`])));
  return entries;
}

function newestFirst(entries: readonly JournalEntry[], unitField: string): Map<string, string[]> {
  const starts = new Map<string, string[]>();
  const time = (entry: JournalEntry) => Number(entry.__REALTIME_TIMESTAMP);
  for (const entry of [...entries].sort((one, other) => time(other) - time(one))) {
    const { [unitField]: unit, PORTABLE: file } = entry;
    if (typeof unit !== "string" || typeof file !== "string") continue;
    const files = starts.get(unit) ?? [];
    if (!files.includes(file)) files.push(file);
    starts.set(unit, files);
  }
  return starts;
}

/** Entries that journalctl finds with these arguments. Throws like `readJournal`. */
export async function entriesOf(args: readonly string[]): Promise<readonly JournalEntry[]> {
  return parseJournal(await journalctl(["--output=json", ...args]));
}

function journalctl(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn("journalctl", ["--no-pager", "--quiet", ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: TIMEOUT_MS,
    });
    const output: Buffer[] = [];
    let bytes = 0;
    let complaint = "";
    child.stdout.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MOST_BYTES) child.kill();
      else output.push(chunk);
    });
    child.stderr.on("data", (chunk: Buffer) => {
      if (complaint.length < 1000) complaint += chunk.toString("utf8");
    });
    child.on("error", (cause) => reject(failure(cause.message, cause)));
    child.on("close", (code, signal) => {
      if (code === 0) resolve(Buffer.concat(output).toString("utf8"));
      else if (signal && bytes <= MOST_BYTES)
        reject(new AppError("timed-out", { member: "journalctl", ms: TIMEOUT_MS }));
      else reject(failure(complaint.trim().slice(0, 1000)));
    });
  });
}

function failure(text: string, cause?: unknown): AppError {
  return new AppError("call-failed", { name: "journalctl", text, member: "journal" }, { cause });
}
