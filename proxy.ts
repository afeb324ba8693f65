import { type NextRequest, NextResponse } from "next/server";
import { readEnv } from "@/lib/env";

/**
 * The name a browser used to reach us must be the loopback name or address we
 * listen on; any other is a page elsewhere that had its name point here.
 * Everything else about a request is decided by the page, action or route.
 */
export function proxy(request: NextRequest): NextResponse {
  const { port } = readEnv();
  const allowed = [`localhost:${port}`, `127.0.0.1:${port}`];
  if (!allowed.includes(request.headers.get("host") ?? ""))
    return new NextResponse("This server answers only to its own loopback name.\n", {
      status: 421,
      headers: { "content-type": "text/plain; charset=utf-8" },
    });
  // A "%" that stands for nothing: Next would fail over it, with a bare 500 and not a line in the log.
  if (!isDecodable(request.nextUrl.pathname)) return NextResponse.rewrite(new URL("/not-here", request.url));
  return NextResponse.next();
}

function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch (error) {
    if (error instanceof URIError) return false;
    throw error;
  }
}
