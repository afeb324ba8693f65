import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { offerLink, useToken } from "@/lib/auth/open-link";

const ORIGIN = "http://localhost:1";
let directory: string;
let printed: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "attache-link-"));
  printed = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void printed.push(line));
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

const tokenIn = (text: string | undefined) => /token=([\w-]{32})/.exec(text ?? "")?.[1] ?? "";

describe("the link", () => {
  it("is kept in a file under systemd, and the journal never has it", () => {
    vi.stubEnv("RUNTIME_DIRECTORY", directory);
    const kept = () => tokenIn(readFileSync(join(directory, "link"), "utf8"));
    offerLink(ORIGIN, "ready");
    const first = kept();
    expect(useToken(first, ORIGIN)).toBe(true);
    expect(kept()).not.toBe(first);
    expect(useToken(first, ORIGIN)).toBe(false);
    expect(printed.join("\n")).not.toContain("token=");
  });

  it("is printed when started by hand, and a fresh one after each use", () => {
    vi.stubEnv("RUNTIME_DIRECTORY", "");
    offerLink(ORIGIN, "ready");
    expect(useToken(tokenIn(printed[0]), ORIGIN)).toBe(true);
    expect(printed).toHaveLength(2);
    expect(useToken(tokenIn(printed[1]), ORIGIN)).toBe(true);
  });
});
