import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

export const SESSION_COOKIE = "attache-session";
export const SESSION_SECONDS = 12 * 60 * 60;

const KEY = Symbol.for("attache.session-key");

/** A signed session: it outlives a restart of the web server, and is worth nothing without the key on this host. */
export function sealSession(now = Date.now()): string {
  const body = `${now + SESSION_SECONDS * 1000}.${randomBytes(12).toString("base64url")}`;
  return `${body}.${sign(body)}`;
}

/** When the session of a cookie is over, ms since 1970; `null` when it is over already, or not one of ours. */
export function sessionEnd(cookie: string | undefined, now = Date.now()): number | null {
  const match = /^((\d{13})\.[\w-]{16})\.([\w-]{43})$/.exec(cookie ?? "");
  if (!match?.[1] || !match[2] || !match[3]) return null;
  const end = Number(match[2]);
  return timingSafeEqual(Buffer.from(match[3]), Buffer.from(sign(match[1]))) && end > now ? end : null;
}

function sign(body: string): string {
  return createHmac("sha256", key()).update(body).digest("base64url");
}

/** Kept in `$STATE_DIRECTORY`; without one (started by hand) sessions end with the process. */
function key(): Buffer {
  const scope = globalThis as { [KEY]?: Buffer };
  scope[KEY] ??= loadKey();
  return scope[KEY];
}

function loadKey(): Buffer {
  const directory = process.env.STATE_DIRECTORY;
  if (!directory) return randomBytes(32);
  const file = path.join(directory, "session.key");
  try {
    const known = readFileSync(file);
    if (known.length === 32) return known;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const fresh = randomBytes(32);
  writeFileSync(file, fresh, { mode: 0o600 });
  return fresh;
}
