import { randomBytes } from "node:crypto";
import { type NextRequest, NextResponse } from "next/server";
import ANSWER_HEADERS from "@/lib/auth/answer-headers.json";
import { contentPolicy, ELSEWHERE, isForged, type Refusal, refusalOf } from "@/lib/auth/front-door";
import { readEnv } from "@/lib/env";

/**
 * Before everything: turns away what cannot be for us, and gives each answer
 * its policy. Who may see or do what is decided by the page, action or route.
 */
export function proxy(request: NextRequest): NextResponse {
  const nonce = randomBytes(16).toString("base64");
  const policy = contentPolicy(nonce, process.env.NODE_ENV === "development");
  const { method, headers, nextUrl } = request;
  const refusal = refusalOf({ method, path: nextUrl.pathname, headers }, readEnv().port);
  const forwarded = new Headers([...headers].filter(([name]) => !isForged(name)));
  forwarded.set("content-security-policy", policy); // from here Next knows the nonce of its own scripts
  const goOn = () => NextResponse.next({ request: { headers: forwarded } });
  const answer = refusal ? refuse(refusal, request, goOn) : goOn();
  for (const [name, value] of Object.entries({ ...ANSWER_HEADERS, "Content-Security-Policy": policy }))
    answer.headers.set(name, value);
  return answer;
}

function refuse(refusal: Refusal, request: NextRequest, goOn: () => NextResponse): NextResponse {
  switch (refusal) {
    case "misdirected":
      return say(421, "This server answers only to its own loopback name.");
    case "no-such-method":
      return say(405, "Attaché knows only GET, HEAD and POST.", { allow: "GET, HEAD, POST" });
    case "not-from-here":
      return say(403, "Only Attaché's own pages may change something.");
    case "elsewhere":
      // A person who followed a link is told how to go on; a page that asks behind somebody's back is not.
      return request.headers.get("sec-fetch-mode") === "navigate" && request.method === "GET"
        ? NextResponse.redirect(wayOn(request), 303)
        : say(403, "Another site asked for this. Attaché answers its own pages only.");
    case "unknown":
      // Next has a page that says so; its own inner addresses, and ours with a slash behind them, it would serve.
      return /^\/_next|\/$/.test(request.nextUrl.pathname) ? say(404, "Not here.") : goOn();
    case "unreadable":
      return NextResponse.rewrite(new URL("/not-here", request.url));
    default:
      return refusal satisfies never;
  }
}

function wayOn({ nextUrl, headers }: NextRequest): URL {
  const asked = new URLSearchParams({ to: nextUrl.pathname + nextUrl.search });
  return new URL(`${ELSEWHERE}?${asked}`, `http://${headers.get("host")}`); // a name of ours: that was looked at first
}

function say(status: number, sentence: string, headers: Record<string, string> = {}): NextResponse {
  return new NextResponse(`${sentence}\n`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store", ...headers },
  });
}
