import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type DirectoryWatcher, watchDirectories } from "@/lib/services/watch-directories";

let top = "";
let watcher: DirectoryWatcher;
let told: string[] = [];
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "attache-watch-"));
  told = [];
  watcher = watchDirectories((directories) =>
    told.push(...[...directories].map((path) => path.replace(top, ""))),
  );
});
afterEach(() => {
  watcher.close();
  vi.useRealTimers();
  rmSync(top, { recursive: true, force: true });
});

async function heard(expected: string[]): Promise<void> {
  await vi.waitFor(() => expect([...new Set(told)].sort()).toEqual(expected), {
    timeout: 2000,
    interval: 20,
  });
  told = [];
}

describe("directories that come and go", () => {
  it("are followed from the first moment that they exist", async () => {
    expect(watcher.follow([`${top}/a/b`])).toEqual([]);
    mkdirSync(`${top}/a/b`, { recursive: true });
    writeFileSync(`${top}/a/b/1`, "");
    await heard(["/a/b"]);
    writeFileSync(`${top}/a/b/2`, "");
    await heard(["/a/b"]);
  });

  it("are told when they go, and followed again when they come back", async () => {
    mkdirSync(`${top}/a`);
    expect(watcher.follow([`${top}/a`])).toEqual([`${top}/a`]);
    rmSync(`${top}/a`, { recursive: true });
    await heard(["/a"]);
    mkdirSync(`${top}/a`);
    await heard(["/a"]);
    writeFileSync(`${top}/a/1`, "");
    await heard(["/a"]);
  });

  it("may be replaced by another of the same name", async () => {
    mkdirSync(`${top}/a`);
    mkdirSync(`${top}/new`);
    watcher.follow([`${top}/a`]);
    renameSync(`${top}/a`, `${top}/old`);
    renameSync(`${top}/new`, `${top}/a`);
    await heard(["/a"]);
    writeFileSync(`${top}/a/1`, "");
    await heard(["/a"]);
  });

  it("are left alone when nobody wants them any more", async () => {
    mkdirSync(`${top}/a`);
    mkdirSync(`${top}/b`);
    watcher.follow([`${top}/a`, `${top}/b`]);
    expect(watcher.follow([`${top}/b`])).toEqual([]);
    writeFileSync(`${top}/a/1`, "");
    writeFileSync(`${top}/b/1`, "");
    await heard(["/b"]);
  });

  it("bug: a wall clock set back an hour kept what had changed for an hour", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    mkdirSync(`${top}/a`);
    const waitMs = vi.fn(() => 200);
    watcher.close();
    watcher = watchDirectories((directories) => told.push(...directories), waitMs);
    watcher.follow([`${top}/a`]);
    writeFileSync(`${top}/a/1`, "");
    await vi.waitFor(() => expect(waitMs).toHaveBeenCalled(), { interval: 10 });
    vi.setSystemTime(Date.now() - 3_600_000);
    await vi.waitFor(() => expect(told).toEqual([`${top}/a`]), { timeout: 2000 });
  });
});
