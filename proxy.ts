import { type NextRequest, NextResponse } from "next/server";
import { readEnv } from "@/lib/env";

/**
 * The name a browser used to reach us must be the loopback name or address we
 * listen on; any other is a page elsewhere that had its name point here.
 * Everything else about a request is decided by the page, action or route.
 */
export function proxy(request: NextRequest): NextResponse {
  const { port } = readEnv();
  const allowed = [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`];
  if (allowed.includes(request.headers.get("host") ?? "")) return NextResponse.next();
  return new NextResponse("This server answers only to its own loopback name.\n", {
    status: 421,
    headers: { "content-type": "text/plain; charset=utf-8" },
  });
}
