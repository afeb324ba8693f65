import { randomBytes, timingSafeEqual } from "node:crypto";
import { writeFileSync } from "node:fs";
import path from "node:path";

const KEY = Symbol.for("attache.open-link");

interface Holder {
  token: string;
}

/**
 * The one-time token that opens the console. It lives in this process, one per
 * process (Next evaluates a module several times), and is replaced as soon as
 * it was used; the current link is kept in `$RUNTIME_DIRECTORY/link`, which
 * only root and this user can read.
 */
export function currentLink(origin: string): string {
  return `${origin}/open?token=${holder().token}`;
}

/** Uses the token up; `false` when it is not the current one. */
export function useToken(token: string, origin: string): boolean {
  const given = Buffer.from(token);
  const known = Buffer.from(holder().token);
  if (given.length !== known.length || !timingSafeEqual(given, known)) return false;
  holder().token = newToken();
  keepLink(origin);
  return true;
}

/** Writes the current link where root can read it. Outside a systemd unit there is no such place: the terminal has it. */
export function keepLink(origin: string): void {
  const directory = process.env.RUNTIME_DIRECTORY;
  if (directory) writeFileSync(path.join(directory, "link"), `${currentLink(origin)}\n`, { mode: 0o600 });
}

function holder(): Holder {
  const scope = globalThis as { [KEY]?: Holder };
  scope[KEY] ??= { token: newToken() };
  return scope[KEY];
}

function newToken(): string {
  return randomBytes(24).toString("base64url");
}
