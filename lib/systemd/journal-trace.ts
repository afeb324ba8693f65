import { entriesOf } from "./journal";
import { type JournalEntry, toJournalLine } from "./journal-entry";
import type { JournalLine } from "./types";

/** What the journal knows of a change that somebody made. */
export interface JournalTrace {
  /** Oldest first; hostile text. */
  readonly lines: readonly JournalLine[];
  /** Who asked for it, where something on the host has written that down. */
  readonly by: string | null;
}

/** portabled's message ids, with `PORTABLE_ROOT=`; since systemd 256 (its message catalogue). */
const PORTABLED = ["187c62eb1e7f463bb530394f52cb090f", "76c5c754d628490d8ecba4c9d042112b"];
const SUDO = "/usr/bin/sudo";
const MOST_ENTRIES = 400;
const MOST_LINES = 20;

/**
 * Looks for traces of a change between two moments (ms since 1970): what
 * portabled says it did with these files, who woke it, who asked PID 1 to
 * reload, and who used sudo for it. portabled itself never logs who asked.
 * Throws like `Systemd.journal`.
 */
export async function readTrace(query: {
  readonly sinceMs: number;
  readonly untilMs: number;
  /** File names of images or units that took part. */
  readonly names: readonly string[];
}): Promise<JournalTrace> {
  const { sinceMs, untilMs, names } = query;
  const entries = await entriesOf([
    `--since=@${Math.floor(sinceMs / 1000)}`,
    `--until=@${Math.ceil(untilMs / 1000)}`,
    `--lines=${MOST_ENTRIES}`,
    "--output-fields=MESSAGE,PRIORITY,MESSAGE_ID,PORTABLE_ROOT,SYSLOG_IDENTIFIER,_EXE,_PID,_SYSTEMD_UNIT",
    ...PORTABLED.map((id) => `MESSAGE_ID=${id}`),
    ...["+", "_PID=1", "+", `_EXE=${SUDO}`],
    ...["+", "_SYSTEMD_UNIT=dbus.service", "+", "_SYSTEMD_UNIT=dbus-broker.service"],
  ]);
  return traceOf(entries, names);
}

/** What entries of the journal tell of a change of these files; pure. */
export function traceOf(entries: readonly JournalEntry[], names: readonly string[]): JournalTrace {
  const related = entries.filter((entry) => isRelated(entry, names));
  return {
    lines: related
      .slice(-MOST_LINES)
      .map((entry) => toJournalLine(entry, String(entry.SYSLOG_IDENTIFIER ?? "")))
      .sort((one, other) => one.at - other.at),
    by: sudoUser(related),
  };
}

/** By trusted fields (`_…`, written by journald itself): a message alone could be anybody's. */
function isRelated(entry: JournalEntry, names: readonly string[]): boolean {
  const message = typeof entry.MESSAGE === "string" ? entry.MESSAGE : "";
  if (PORTABLED.includes(String(entry.MESSAGE_ID)))
    return entry._SYSTEMD_UNIT === "systemd-portabled.service" && names.includes(String(entry.PORTABLE_ROOT));
  if (entry._PID === "1") return /^Reload requested from client PID \d+ \(/.test(message);
  if (entry._EXE === SUDO)
    return message.includes("portablectl") || names.some((name) => message.includes(name));
  return message.includes("service name='org.freedesktop.portable1'");
}

/** sudo(8): `anna : TTY=pts/0 ; PWD=/home/anna ; USER=root ; COMMAND=…`; a refusal has its reason before `TTY=`. */
function sudoUser(entries: readonly JournalEntry[]): string | null {
  const users = entries.flatMap((entry) => {
    if (entry._EXE !== SUDO) return [];
    const user = /^\s*([^\s:;]+) : (?:TTY=\S+ ; )?PWD=/.exec(String(entry.MESSAGE))?.[1];
    return user === undefined ? [] : [user];
  });
  return new Set(users).size === 1 ? (users[0] ?? null) : null;
}
