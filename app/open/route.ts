import { useToken } from "@/lib/auth/open-link";
import { SESSION_COOKIE, SESSION_SECONDS, sealSession } from "@/lib/auth/session-cookie";
import { readEnv } from "@/lib/env";

/** Turns the one-time token of the printed link into a session cookie. */
export function GET(request: Request): Response {
  const token = new URL(request.url).searchParams.get("token") ?? "";
  if (!useToken(token, `http://localhost:${readEnv().port}`)) return redirectTo("/locked?used");
  const cookie = `${SESSION_COOKIE}=${sealSession()}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${SESSION_SECONDS}`;
  return redirectTo("/", { "set-cookie": cookie });
}

/** A link preview must not use the token up. */
export function HEAD(): Response {
  return new Response(null, { status: 405, headers: { allow: "GET" } });
}

function redirectTo(location: string, headers: Record<string, string> = {}): Response {
  return new Response(null, { status: 303, headers: { location, "cache-control": "no-store", ...headers } });
}
