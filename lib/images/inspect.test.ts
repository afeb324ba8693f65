import { mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AppError } from "@/lib/errors";
import { inspectImage, matchesOf } from "@/lib/images/inspect";
import type { ImageVersion } from "@/lib/images/types";
import type { ImageMetadata } from "@/lib/systemd/types";

let top = "";
let version: ImageVersion;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "attache-inspect-"));
  const path = join(top, "page_1.raw");
  writeFileSync(path, "image");
  const { dev, ino, size, mtimeMs, uid, gid } = statSync(path);
  const owner = { uid, gid, user: null, group: null };
  version = {
    service: "page",
    label: "1",
    path,
    kind: "raw",
    stamp: { dev, ino, size, mtimeMs },
    mode: 0o644,
    owner,
    inspection: null,
    rehearsal: null,
  };
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

const failed = (name: string, text: string) =>
  new AppError("call-failed", { name, text, member: "GetImageMetadata" });
const NO_MATCH = failed(
  "org.freedesktop.DBus.Error.InvalidArgs",
  "Couldn't find any matching unit files in image '/x', refusing.",
);

/** An image that holds these units and this os-release, as portabled answers for it. */
function image(osRelease: string, units: readonly string[], during: () => void = () => undefined) {
  return {
    async getImageMetadata(_path: string, matches: readonly string[]): Promise<ImageMetadata> {
      during();
      const isMatch = (unit: string) =>
        matches.length === 0 || matches.some((prefix) => unit.startsWith(`${prefix}.`));
      const found = units.filter(isMatch);
      if (found.length === 0) throw NO_MATCH;
      return { osRelease, units: Object.fromEntries(found.map((unit) => [unit, `# ${unit}`])) };
    },
  };
}

describe("the inspection of an image", () => {
  it("keeps facts and texts", async () => {
    const opened = await inspectImage(
      image("ID=demo\nVERSION_ID=1", ["page.service", "page.socket"]),
      version,
    );
    expect(opened).toMatchObject({
      ok: true,
      path: version.path,
      stamp: version.stamp,
      facts: {
        osRelease: { ID: "demo", VERSION_ID: "1" },
        prefixes: [],
        units: ["page.service", "page.socket"],
      },
      unitTexts: { "page.service": "# page.service" },
    });
  });

  it.each([
    [
      "declared prefixes beside the stem",
      "ID=x\nPORTABLE_PREFIXES=page more",
      ["more.service", "page.service"],
    ],
    ["declared prefixes instead of the stem", "ID=x\nPORTABLE_PREFIXES=more", ["more.service"]],
  ])("takes %s", async (_, osRelease, units) => {
    const opened = await inspectImage(image(osRelease, [...units].reverse()), version);
    expect(opened.ok && opened.facts.units).toEqual(units);
  });

  it.each([
    ["no ID", "NAME=x", ["page.service"], { code: "no-id", params: {} }],
    ["another scope", "ID=x\nPORTABLE_SCOPE=user", ["page.service"], { code: "scope-user", params: {} }],
    [
      "other units only",
      "ID=x",
      ["other.service"],
      { code: "no-matching-units", params: { prefix: "page" } },
    ],
    ["no unit at all", "ID=x", [], { code: "no-matching-units", params: { prefix: "page" } }],
    [
      "prefixes that leave its own units out",
      "ID=x\nPORTABLE_PREFIXES=a b",
      ["page.service"],
      { code: "prefix-not-allowed", params: { prefix: "page", prefixes: "a b" } },
    ],
  ])("names what is wrong: %s", async (_, osRelease, units, problem) => {
    expect(await inspectImage(image(osRelease, units), version)).toMatchObject({ ok: false, problem });
  });

  it.each([
    ["Image '/x' lacks os-release data, refusing.", "no-os-release"],
    ["Couldn't identify a suitable partition table or file system in '/x'.", "no-file-system"],
    ["Something new", "cannot-open"],
  ])("reads portabled's text: %s", async (text, code) => {
    const systemd = {
      getImageMetadata: () => Promise.reject(failed("org.freedesktop.DBus.Error.InvalidArgs", text)),
    };
    expect(await inspectImage(systemd, version)).toMatchObject({ ok: false, problem: { code } });
  });

  it("reads systemd 262's name for an image without an operating system", async () => {
    const systemd = {
      getImageMetadata: () => Promise.reject(failed("System.Error.ENOMEDIUM", "No medium found")),
    };
    expect(await inspectImage(systemd, version)).toMatchObject({
      ok: false,
      problem: { code: "no-os-release" },
    });
  });

  it("is content with less where nobody may ask for every unit", async () => {
    const systemd = {
      getImageMetadata: (_path: string, matches: readonly string[]) =>
        Promise.reject(matches.length === 0 ? new AppError("invalid-input") : NO_MATCH),
    };
    const problem = { code: "no-matching-units", params: { prefix: "page" } };
    expect(await inspectImage(systemd, version)).toMatchObject({ ok: false, problem });
  });

  it("does not trust what it read of a file that changed meanwhile", async () => {
    const systemd = image("ID=x", ["page.service"], () => utimesSync(version.path, 1, 1));
    expect(await inspectImage(systemd, version)).toMatchObject({
      ok: false,
      problem: { code: "changed-while-reading" },
    });
  });

  it("says so when the file is gone", async () => {
    rmSync(version.path);
    expect(await inspectImage(image("ID=x", ["page.service"]), version)).toMatchObject({
      ok: false,
      problem: { code: "cannot-open", params: { name: "ENOENT" } },
    });
  });

  it("bug: a portabled that was killed over it was held against the image", async () => {
    const systemd = {
      getImageMetadata: () => Promise.reject(failed("org.freedesktop.DBus.Error.NoReply", "disconnected")),
    };
    await expect(inspectImage(systemd, version)).rejects.toMatchObject({ code: "call-failed" });
  });

  it("throws when the host, not the image, is the matter", async () => {
    const systemd = { getImageMetadata: () => Promise.reject(new AppError("bus-unreachable")) };
    await expect(inspectImage(systemd, version)).rejects.toMatchObject({ code: "bus-unreachable" });
  });
});

describe("the prefixes to attach with", () => {
  it.each([
    [[], ["page"]],
    [
      ["a", "b"],
      ["a", "b"],
    ],
  ])("declared %j", (prefixes, expected) => {
    expect(matchesOf({ prefixes }, "page")).toEqual(expected);
  });
});
