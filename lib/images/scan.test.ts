import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { forgetDirectory, type ScanCache, scanImages } from "@/lib/images/scan";

let top = "";
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "attache-scan-"));
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

function put(...files: string[]): void {
  for (const file of files) {
    mkdirSync(dirname(join(top, file)), { recursive: true });
    writeFileSync(join(top, file), "image");
  }
}

const places = () => ({
  roots: [`${top}/srv/*`],
  portables: [`${top}/links`, `${top}/lib`],
  linkDirs: [`${top}/links`],
});

async function scan(cache?: ScanCache) {
  const result = await scanImages(places(), cache);
  const strip = (text: string | number | undefined) => String(text).replaceAll(top, "");
  return {
    ...result,
    names: result.versions.map((v) => `${v.service} ${v.label} ${strip(v.path)}`),
    told: result.findings.map((f) => `${f.code} ${strip(f.params.path ?? f.params.service)}`),
  };
}

describe("the scan of image directories", () => {
  it("lists versions of each service newest first, with what the file system says", async () => {
    put("srv/page/page_1.9.0.raw", "srv/page/page_1.10.0.raw", "lib/tool_2.raw");
    chmodSync(`${top}/srv/page/page_1.9.0.raw`, 0o444);
    const { names, versions, told } = await scan();
    expect(names).toEqual([
      "page 1.10.0 /srv/page/page_1.10.0.raw",
      "page 1.9.0 /srv/page/page_1.9.0.raw",
      "tool 2 /lib/tool_2.raw",
    ]);
    expect(told).toEqual([]);
    const old = versions[1];
    expect(old).toMatchObject({ kind: "raw", mode: 0o444, inspection: null, stamp: { size: 5 } });
    expect(old?.owner.user).toBe(process.getuid?.() === 0 ? "root" : expect.anything());
  });

  it("finds directory images, .v directories, and what lies beside the places of /srv/*", async () => {
    put("srv/page/page_1/usr/lib/os-release", "srv/page/data/etc/passwd", "srv/tree_2/etc/os-release");
    put("srv/page/page.raw.v/page_3.raw", "srv/alone_1.raw", "srv/other.raw.v/other_1.raw");
    const { names, versions, watch } = await scan();
    expect(names).toEqual([
      "alone 1 /srv/alone_1.raw",
      "other 1 /srv/other.raw.v/other_1.raw",
      "page 3 /srv/page/page.raw.v/page_3.raw",
      "page 1 /srv/page/page_1",
      "tree 2 /srv/tree_2",
    ]);
    expect(versions.map((version) => version.kind)).toEqual(["raw", "raw", "raw", "directory", "directory"]);
    expect(watch).toContain(`${top}/srv/page/page.raw.v`);
  });

  it("follows symlinks to the file they stand for, once, and never portabled's own links", async () => {
    put("srv/page/page_1.raw", "far/page_2.raw", "far/blob");
    symlinkSync("page_1.raw", `${top}/srv/page/current.raw`);
    symlinkSync(`${top}/far/page_2.raw`, `${top}/srv/page/next.raw`);
    symlinkSync(`${top}/far/blob`, `${top}/srv/page/page_3.raw`);
    symlinkSync(`${top}/nowhere`, `${top}/srv/page/page_4.raw`);
    mkdirSync(`${top}/links`);
    symlinkSync(`${top}/srv/page/page_1.raw`, `${top}/links/page_1.raw`);
    const { names, told } = await scan();
    expect(names).toEqual(["page 2 /far/page_2.raw", "page 1 /srv/page/page_1.raw"]);
    expect(told).toEqual(["not-an-image /srv/page/page_3.raw", "not-readable /srv/page/page_4.raw"]);
  });

  it("bug: waits for a directory that is filled in place, and says so meanwhile", async () => {
    put(
      "srv/page/page_1.raw",
      "srv/page/data_old/x",
      "srv/page/ext_1/usr/lib/extension-release.d/extension-release.x",
    );
    mkdirSync(`${top}/srv/page/page_2`);
    const cache: ScanCache = new Map();
    const { told, watch } = await scan(cache);
    expect(told).toEqual(["image-incomplete /srv/page/page_2"]);
    const places = ["", "/usr", "/usr/lib", "/etc"].map((place) => `${top}/srv/page/page_2${place}`);
    expect(watch).toEqual(expect.arrayContaining(places));
    put("srv/page/page_2/usr/lib/os-release");
    forgetDirectory(cache, `${top}/srv/page/page_2/usr/lib`);
    const complete = await scan(cache);
    expect(complete.names).toContain("page 2 /srv/page/page_2");
    expect(complete.told).toEqual([]);
  });

  it("knows who could replace an image", async () => {
    put("srv/page/page_1.raw");
    chmodSync(`${top}/srv/page`, 0o777);
    expect((await scan()).versions[0]?.directoryMode).toBe(0o777);
  });

  it("tells of every file that it cannot take, and of none that has no business with images", async () => {
    put("srv/page/page_1.raw", "srv/page/notes.txt", "srv/page/page_1.roothash", "srv/page/.page_2.raw.x7");
    put("srv/page/my app_1.raw", "srv/page/page_1\n.raw", "srv/web/index.html", "srv/web/disk.img");
    put("links/inside_1.raw");
    const { told, versions } = await scan();
    expect(told).toEqual([
      "in-portables-link-dir /links/inside_1.raw",
      "name-not-parsed /srv/page/my app_1.raw",
      "not-an-image /srv/page/notes.txt",
      "name-not-parsed /srv/page/page_1\n.raw",
      "not-an-image /srv/web/disk.img",
    ]);
    expect(versions.map((version) => version.service)).toEqual(["inside", "page"]);
  });

  it("counts many strays in one sentence", async () => {
    put("srv/page/page_1.raw", ...Array.from({ length: 6 }, (_, i) => `srv/page/log.${i}`));
    const { findings } = await scan();
    expect(findings).toEqual([{ code: "not-an-image", params: { path: `${top}/srv/page`, count: 6 } }]);
  });

  it("names services and versions that portabled cannot keep apart", async () => {
    put(
      "srv/my/my_app_1.raw",
      "srv/my/my_db_1.raw",
      "srv/page/page_1.raw",
      "lib/page_1.raw",
      "lib/page-two_v1_beta.raw",
    );
    const { findings } = await scan();
    expect(findings).toEqual(
      [
        {
          code: "duplicate-version",
          params: {
            service: "page",
            version: "1",
            paths: `${top}/lib/page_1.raw, ${top}/srv/page/page_1.raw`,
          },
        },
        { code: "stem-prefixes", params: { service: "page", other: "page-two" } },
        {
          code: "stem-shared",
          params: { service: "my", paths: `${top}/srv/my/my_app_1.raw, ${top}/srv/my/my_db_1.raw` },
        },
      ].sort((a, b) => (`${a.params.service}\0${a.code}` < `${b.params.service}\0${b.code}` ? -1 : 1)),
    );
  });

  it("says where it looked when there is nothing", async () => {
    const { findings, searched, watch, versions } = await scan();
    expect(versions).toEqual([]);
    expect(findings).toEqual([{ code: "root-missing", params: { path: `${top}/srv` } }]);
    expect(searched).toEqual([`${top}/srv/*`, `${top}/links`, `${top}/lib`]);
    expect(watch).toEqual([`${top}/lib`, `${top}/links`, `${top}/srv`]);
  });

  it("reads only forgotten directories again", async () => {
    put("srv/a/a_1.raw", "srv/b/b_1.raw", "srv/a/a.raw.v/a_3.raw");
    const cache: ScanCache = new Map();
    await scan(cache);
    put("srv/a/a_2.raw", "srv/b/b_2.raw", "srv/a/a.raw.v/a_4.raw");
    forgetDirectory(cache, `${top}/srv/a/a.raw.v`);
    expect((await scan(cache)).names.map((name) => name.slice(0, 3))).toEqual([
      "a 4",
      "a 3",
      "a 2",
      "a 1",
      "b 1",
    ]);
    forgetDirectory(cache, `${top}/srv/b`);
    expect((await scan(cache)).versions).toHaveLength(6);
  });
});
