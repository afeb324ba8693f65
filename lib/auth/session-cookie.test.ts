import { describe, expect, it } from "vitest";
import { SESSION_SECONDS, sealSession, sessionEnd } from "@/lib/auth/session-cookie";

const NOW = 1_800_000_000_000;
const END = NOW + SESSION_SECONDS * 1000;
const cookie = sealSession(NOW);

describe("sessionEnd", () => {
  it.each([
    ["a fresh one", cookie, NOW, END],
    ["one in its last moment", cookie, END - 1, END],
    ["one that is over", cookie, END, null],
    ["none", undefined, NOW, null],
    ["an empty one", "", NOW, null],
    ["one with a later end", cookie.replace(/^\d+/, String(END + 1)), NOW, null],
    ["one with another signature", cookie.replace(/[^.]*$/, "A".repeat(43)), NOW, null],
    ["one with something behind it", `${cookie}A`, NOW, null],
  ] as const)("%s", (_, text, now, end) => {
    expect(sessionEnd(text, now)).toBe(end);
  });
});
