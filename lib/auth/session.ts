import { cookies, headers } from "next/headers";
import { redirect } from "next/navigation";
import { SESSION_COOKIE, sessionEnd } from "@/lib/auth/session-cookie";
import { AppError } from "@/lib/errors";

/** Who acts. Until people have accounts of their own, everyone with the link is "admin". */
export interface Actor {
  readonly name: string;
}

const ADMIN: Actor = { name: "admin" };

/** For pages: whoever has no session is shown how to get one. */
export async function requireSession(): Promise<Actor> {
  const actor = await sessionActor();
  return actor ?? redirect("/locked");
}

/** For routes: `null` without a session. */
export async function sessionActor(): Promise<Actor | null> {
  return (await sessionEndsAt()) === null ? null : ADMIN;
}

/** For answers that last: when they have to end, ms since 1970; `null` without a session. */
export async function sessionEndsAt(): Promise<number | null> {
  const jar = await cookies();
  return sessionEnd(jar.get(SESSION_COOKIE)?.value);
}

/** For actions: a session, and a request that our own pages sent. Throws `unauthenticated` or `forbidden`. */
export async function requireActor(): Promise<Actor> {
  const actor = await sessionActor();
  if (!actor) throw new AppError("unauthenticated");
  const sent = await headers();
  // A missing Origin is refused too: browsers send one with every POST.
  if (sent.get("origin") !== `http://${sent.get("host")}`) throw new AppError("forbidden");
  return actor;
}
