/**
 * Every address that this server has, and who may have it; a test fails on a
 * page that is not named here. `anyone`: without a session. A page, action or
 * route asks for the session itself all the same.
 */
export const ROUTES: Readonly<Record<string, "anyone" | "session">> = {
  "/": "session",
  "/services/[name]": "session",
  "/upgrade": "session",
  "/history": "session",
  "/deployments/[id]": "session",
  "/api/events": "session",
  "/locked": "anyone",
  "/open": "anyone",
  "/elsewhere": "anyone",
  "/icon.svg": "anyone",
  "/robots.txt": "anyone",
};

/** Where somebody who followed a link of another site is told how to go on. */
export const ELSEWHERE = "/elsewhere";
const STATIC = /^\/_next\/static\//;
const PATTERNS = Object.entries(ROUTES).map(
  ([route, policy]) =>
    [new RegExp(`^${route.replaceAll(".", "\\.").replace(/\[\w+\]/g, "[^/]+")}$`), policy] as const,
);

/** What is asked of us, as the server has it before anything of it is believed. */
export interface Asked {
  readonly method: string;
  /** As it was sent, escapes and all. */
  readonly path: string;
  readonly headers: Pick<Headers, "get">;
}

/**
 * `misdirected`: by a name that is not ours, so that a page elsewhere could
 * have it point here. `no-such-method`. `not-from-here`: something that changes
 * anything, and our own pages did not send it. `elsewhere`: a page of another
 * site asks or links. `unknown`: no address of ours. `unreadable`: one with a
 * "%" that stands for nothing, over which Next would fail with a bare 500.
 */
export type Refusal =
  | "misdirected"
  | "no-such-method"
  | "not-from-here"
  | "elsewhere"
  | "unknown"
  | "unreadable";

/** Why a request goes no further; `null` when it may. */
export function refusalOf({ method, path, headers }: Asked, port: number): Refusal | null {
  const host = headers.get("host") ?? "";
  if (![`localhost:${port}`, `127.0.0.1:${port}`].includes(host)) return "misdirected";
  if (!["GET", "HEAD", "POST"].includes(method)) return "no-such-method";
  // A missing Origin is refused too: browsers send one with every POST.
  if (method === "POST" && headers.get("origin") !== `http://${host}`) return "not-from-here";
  const site = headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin" && site !== "none" && path !== ELSEWHERE) return "elsewhere";
  if (decoded(path) === null) return "unreadable";
  return policyOf(path) === null ? "unknown" : null;
}

/** Who may have an address; `null` where there is none. */
export function policyOf(path: string): "anyone" | "session" | null {
  const plain = decoded(path);
  if (plain === null) return null;
  if (STATIC.test(plain)) return "anyone";
  return PATTERNS.find(([pattern]) => pattern.test(plain))?.[1] ?? null;
}

function decoded(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

/** Headers of servers in front of Next, or of Next itself: from a browser they are somebody's attempt to pass for one. */
const NOT_FROM_OUTSIDE =
  /^(x-(middleware|forwarded|invoke|matched|nextjs-data|nonce)|forwarded$|next-resume$)/;

/** Headers of a request that Next must not see. */
export function isForged(name: string): boolean {
  return NOT_FROM_OUTSIDE.test(name.toLowerCase());
}

/**
 * Scripts are our own files, or carry the nonce of this very answer; nothing
 * comes from elsewhere. Not `strict-dynamic`: it would let any script that runs
 * put another one into the page.
 */
export function contentPolicy(nonce: string, isDevelopment: boolean): string {
  return Object.entries({
    "default-src": "'none'",
    "script-src": `'self' 'nonce-${nonce}'${isDevelopment ? " 'unsafe-eval'" : ""}`,
    "style-src": `'self'${isDevelopment ? " 'unsafe-inline'" : ""}`,
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": `'self'${isDevelopment ? " ws:" : ""}`,
    "manifest-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
  })
    .map(([name, value]) => `${name} ${value}`)
    .join("; ");
}
