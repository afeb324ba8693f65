import { sessionActor } from "@/lib/auth/session";

/** Answers 204 while this server does: a page asks before it loads itself again. */
export async function GET(): Promise<Response> {
  const actor = await sessionActor();
  return new Response(null, { status: actor ? 204 : 401, headers: { "cache-control": "no-store" } });
}
