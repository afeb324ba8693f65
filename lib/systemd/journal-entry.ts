import type { JournalLine } from "./types";

/** One entry as `journalctl --output=json` writes it. https://systemd.io/JOURNAL_EXPORT_FORMATS/ */
export type JournalEntry = Readonly<Record<string, unknown>>;

const LONGEST_TEXT = 4096;
/** syslog's "informational": what journald assumes as well. */
const DEFAULT_PRIORITY = 6;

/** One entry per line; a line that is cut off (journalctl was ended) is left out. */
export function parseJournal(output: string): readonly JournalEntry[] {
  return output.split("\n").flatMap(parseEntry);
}

export function toJournalLine(entry: JournalEntry, unit: string): JournalLine {
  const at = Math.trunc(Number(entry.__REALTIME_TIMESTAMP) / 1000);
  const priority =
    typeof entry.PRIORITY === "string" && /^[0-7]$/.test(entry.PRIORITY)
      ? Number(entry.PRIORITY)
      : DEFAULT_PRIORITY;
  return { at, unit, priority, text: messageText(entry.MESSAGE) };
}

/**
 * A text; an array of bytes when it is no UTF-8 or holds control characters;
 * null when it is longer than journalctl shows; an array of these when the
 * entry has the field more than once.
 */
function messageText(message: unknown): string {
  if (typeof message === "string") return cut(message);
  if (message === null) return "…";
  if (!Array.isArray(message)) return "";
  if (message.every((byte) => typeof byte === "number")) return cut(Buffer.from(message).toString("utf8"));
  return cut(message.map(messageText).join(" "));
}

/** In bytes, and not through the middle of a character. */
function cut(text: string): string {
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length <= LONGEST_TEXT) return text;
  const mark = Buffer.byteLength("…");
  return `${bytes
    .subarray(0, LONGEST_TEXT - mark)
    .toString("utf8")
    .replace(/\uFFFD+$/, "")}…`;
}

function parseEntry(line: string): JournalEntry[] {
  try {
    const value: unknown = JSON.parse(line);
    return isEntry(value) ? [value] : [];
  } catch {
    return [];
  }
}

function isEntry(value: unknown): value is JournalEntry {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
