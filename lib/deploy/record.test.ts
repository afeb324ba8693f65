import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { messageOf } from "@/lib/deploy/record";

describe("what the file system refuses", () => {
  it.each([
    ["EACCES", "not-writable"],
    ["EPERM", "not-writable"],
    ["EISDIR", "not-writable"],
    ["EROFS", "read-only"],
    ["ENOSPC", "no-space"],
    ["EIO", "io-error"],
  ])("bug: %s came without what to do now", (name, code) => {
    const error = Object.assign(new Error(`${name}: no, open '/etc/x'`), { code: name, path: "/etc/x" });
    expect(messageOf(error)).toEqual({ code, params: { path: "/etc/x", name } });
  });

  it("names what a rename was to replace, and what could not be read", async () => {
    const directory = await mkdtemp(path.join(tmpdir(), "attache-record-"));
    const at = (name: string) => path.join(directory, name);
    try {
      await writeFile(at("aside"), "");
      await mkdir(at("there"));
      const renamed = messageOf(await rename(at("aside"), at("there")).catch((error: unknown) => error));
      expect(renamed).toEqual({ code: "not-writable", params: { path: at("there"), name: "EISDIR" } });
      const read = messageOf(await readFile(at("there")).catch((error: unknown) => error));
      expect(read.code).toBe("not-writable");
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
