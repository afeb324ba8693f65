const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "3 min ago"; after two weeks the day, in UTC so that server and browser agree. Times in ms since 1970. */
export function timeAgo(at: number, now: number): string {
  const age = now - at;
  if (age < -MINUTE) return utcDay(at);
  if (age < 10 * SECOND) return "just now";
  if (age < MINUTE) return `${Math.floor(age / SECOND)} s ago`;
  if (age < HOUR) return `${Math.floor(age / MINUTE)} min ago`;
  if (age < DAY) return `${Math.floor(age / HOUR)} h ago`;
  if (age < 2 * DAY) return "yesterday";
  if (age < 14 * DAY) return `${Math.floor(age / DAY)} days ago`;
  return utcDay(at);
}

/** A span in at most two units: "0.4 s", "3 min 4 s", "2 h 5 min", "12 days". */
export function duration(ms: number): string {
  if (ms < 0) return "0 s";
  if (ms < 100) return `${Math.round(ms)} ms`;
  if (ms < 10 * SECOND) return `${(ms / SECOND).toFixed(1)} s`;
  if (ms < MINUTE) return `${Math.round(ms / SECOND)} s`;
  if (ms < HOUR) return pair(ms, MINUTE, "min", SECOND, "s");
  if (ms < DAY) return pair(ms, HOUR, "h", MINUTE, "min");
  const days = Math.floor(ms / DAY);
  return days === 1 ? "1 day" : `${days} days`;
}

/** Whether a click can still be taken back before anything happens; the grace period in ms. */
export function graceWords(graceMs: number): string {
  return graceMs === 0
    ? "This host waits for nobody: a click takes effect at once."
    : `Nothing that runs is touched during the first ${duration(graceMs).replace(".0 s", " s")}, so a click can be cancelled.`;
}

/** "2026-11-23 01:05:20 UTC". */
export function utcStamp(at: number): string {
  return stampOf(isoTime(at));
}

/** Both attributes of a `<time>` at once: a page may hold a thousand of them. */
export function timeAttributes(at: number): { dateTime: string; title: string } {
  const dateTime = isoTime(at);
  return { dateTime, title: stampOf(dateTime) };
}

/** For `<time dateTime>`; a time no calendar has becomes the epoch, since it may come from a broken file system. */
export function isoTime(at: number): string {
  return new Date(Number.isFinite(at) && Math.abs(at) < 8.64e15 ? at : 0).toISOString();
}

function stampOf(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

function utcDay(at: number): string {
  return isoTime(at).slice(0, 10);
}

function pair(ms: number, big: number, bigName: string, small: number, smallName: string): string {
  const whole = Math.floor(ms / big);
  const rest = Math.floor((ms % big) / small);
  return rest === 0 ? `${whole} ${bigName}` : `${whole} ${bigName} ${rest} ${smallName}`;
}
