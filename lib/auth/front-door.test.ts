import { readdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { contentPolicy, isForged, policyOf, ROUTES, refusalOf } from "@/lib/auth/front-door";

const PORT = 8790;
const OURS = { host: `localhost:${PORT}` };

describe("addresses", () => {
  const app = path.resolve(__dirname, "../../app");
  const files = readdirSync(app, { recursive: true, encoding: "utf8" });
  const pages = files
    .filter((file) => /(^|\/)(page|route)\.[jt]sx?$/.test(file))
    .map((file) => `/${file.replace(/(^|\/)(page|route)\.[jt]sx?$/, "").replace(/\([^)]+\)\/?/g, "")}`);
  /** Files that Next serves as they are, or makes an address of by their name. */
  const plain = [
    ...files.filter((file) =>
      /(^|\/)(icon|apple-icon|favicon|manifest|robots|sitemap|opengraph-image|twitter-image)\b/.test(file),
    ),
    ...readdirSync(path.resolve(app, "../public"), { recursive: true, encoding: "utf8" }),
  ].map((file) => `/${file}`);

  it("each one has a declared policy, and each policy an address", () => {
    expect(Object.keys(ROUTES).toSorted()).toEqual([...pages, ...plain].toSorted());
  });

  it("these are for anyone, and no other", () => {
    const open = Object.keys(ROUTES).filter((route) => ROUTES[route] === "anyone");
    expect(open).toEqual(["/locked", "/open", "/elsewhere", "/icon.svg", "/robots.txt"]);
  });

  it.each([
    ["/", "session"],
    ["/services/startpage", "session"],
    ["/services/%73tartpage", "session"],
    ["/%6Cocked", "anyone"],
    ["/_next/static/chunks/a.js", "anyone"],
    ["/services", null],
    ["/services/", null],
    ["/services/a/b", null],
    ["/services/a%2Fb", null],
    ["/locked/", null],
    ["/_next/image", null],
    ["/api", null],
    ["/open/x", null],
    ["/services/%F0", null],
    ["/%", null],
    ["//evil.example", null],
    ["/Locked", null],
    ["/locked\n", null],
    ["/iconXsvg", null],
  ])("%s: %s", (asked, policy) => {
    expect(policyOf(asked)).toBe(policy);
  });
});

describe("what goes no further", () => {
  const asked = (headers: Record<string, string>, method = "GET", address = "/") =>
    refusalOf({ method, path: address, headers: new Headers(headers) }, PORT);
  const origin = `http://localhost:${PORT}`;

  it.each([
    ["our own page", { ...OURS, "sec-fetch-site": "same-origin" }, "GET", null],
    ["the address bar", { ...OURS, "sec-fetch-site": "none" }, "GET", null],
    ["no browser at all", OURS, "GET", null],
    ["by number", { host: `127.0.0.1:${PORT}` }, "GET", null],
    ["a form of ours", { ...OURS, origin }, "POST", null],
    ["another name", { host: `evil.example:${PORT}` }, "GET", "misdirected"],
    ["another port", { host: "localhost:1" }, "GET", "misdirected"],
    ["no name", {}, "GET", "misdirected"],
    [
      "a page on another port of this machine",
      { ...OURS, "sec-fetch-site": "same-site" },
      "GET",
      "elsewhere",
    ],
    ["a page elsewhere", { ...OURS, "sec-fetch-site": "cross-site" }, "HEAD", "elsewhere"],
    ["a form elsewhere", { ...OURS, origin: "http://evil.example" }, "POST", "not-from-here"],
    ["a form without Origin", OURS, "POST", "not-from-here"],
    ["a form that hides where it is", { ...OURS, origin: "null" }, "POST", "not-from-here"],
    [
      "a form of the other name of ours",
      { ...OURS, origin: `http://127.0.0.1:${PORT}` },
      "POST",
      "not-from-here",
    ],
    ["a form over TLS", { ...OURS, origin: `https://localhost:${PORT}` }, "POST", "not-from-here"],
    ["a form with a dot more", { ...OURS, origin: `http://localhost.:${PORT}` }, "POST", "not-from-here"],
    ["PUT", { ...OURS, origin }, "PUT", "no-such-method"],
    ["OPTIONS", OURS, "OPTIONS", "no-such-method"],
  ] as const)("%s", (_name, headers, method, refusal) => {
    expect(asked(headers, method)).toBe(refusal);
  });

  it("the page that says how to go on has to be seen from there", () => {
    expect(asked({ ...OURS, "sec-fetch-site": "cross-site" }, "GET", "/elsewhere")).toBe(null);
  });

  it("an address that is nobody's", () => {
    expect(asked(OURS, "GET", "/admin")).toBe("unknown");
    expect(asked(OURS, "GET", "/services/%F0")).toBe("unreadable");
  });
});

it.each([
  "x-middleware-subrequest",
  "X-Forwarded-Host",
  "Forwarded",
  "next-resume",
  "x-nonce",
  "x-matched-path",
  "x-invoke-path",
])("%s is not believed", (name) => {
  expect(isForged(name)).toBe(true);
});

it.each(["x-nextjs-request-id", "cookie", "next-action", "rsc", "next-router-state-tree", "origin"])(
  "%s is",
  (name) => {
    expect(isForged(name)).toBe(false);
  },
);

it("no script without the nonce, in production", () => {
  const policy = contentPolicy("abc", false);
  expect(policy).toContain("script-src 'self' 'nonce-abc';");
  expect(policy).not.toContain("unsafe");
});
