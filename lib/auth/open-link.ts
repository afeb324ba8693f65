import { randomBytes, timingSafeEqual } from "node:crypto";
import { writeFileSync } from "node:fs";
import path from "node:path";

const KEY = Symbol.for("attache.open-link");

interface Holder {
  token: string;
}

/** The file that holds the current link; `null` when the server was started by hand and prints it. */
export function linkFile(): string | null {
  const directory = process.env.RUNTIME_DIRECTORY;
  return directory ? path.join(directory, "link") : null;
}

/**
 * Gives out the current link, whose one-time token opens the console. It lives
 * in this process, one per process (Next evaluates a module several times).
 * Under systemd it goes to a file that only root and this user can read, never
 * to the journal, which others may read too; else to the terminal. `occasion`
 * begins the line that is printed.
 */
export function offerLink(origin: string, occasion: string): void {
  const link = `${origin}/open?token=${holder().token}`;
  const file = linkFile();
  if (file !== null) writeFileSync(file, `${link}\n`, { mode: 0o600 });
  console.log(`${occasion}: ${file === null ? link : `root finds the link in ${file}`}`);
}

/** Uses the token up and offers a fresh one; `false` when it is not the current one. */
export function useToken(token: string, origin: string): boolean {
  const given = Buffer.from(token);
  const known = Buffer.from(holder().token);
  if (given.length !== known.length || !timingSafeEqual(given, known)) return false;
  holder().token = newToken();
  offerLink(origin, "That link was used; for the next browser");
  return true;
}

function holder(): Holder {
  const scope = globalThis as { [KEY]?: Holder };
  scope[KEY] ??= { token: newToken() };
  return scope[KEY];
}

function newToken(): string {
  return randomBytes(24).toString("base64url");
}
