import { describe, expect, it } from "vitest";
import { AppError } from "@/lib/errors";
import { inspectLayered } from "@/lib/images/inspect-layered";
import type { ImageVersion } from "@/lib/images/types";
import type { Layering } from "@/lib/systemd/types";

const BASE = "ID=demo\nVERSION_ID=4\nSYSEXT_LEVEL=1\nPORTABLE_PREFIXES=gallery\n";
const version: ImageVersion = {
  service: "gallery",
  label: "4",
  path: "/srv/gallery_4.raw",
  kind: "raw",
  stamp: { dev: 1, ino: 1, size: 1, mtimeMs: 1 },
  mode: 0o444,
  owner: { uid: 0, gid: 0, user: null, group: null },
  inspection: null,
  rehearsal: null,
};
const on = (...extensions: string[]): Layering => ({ extensions, isRelaxed: false });
const refused = (name: string, text: string) => new AppError("call-failed", { name, text });

/** portabled with these extension-release texts; an error is what it says to the extension. */
function portabled(releases: Readonly<Record<string, string | AppError>>) {
  return {
    async getImageMetadata(_path: string, _matches: readonly string[], { extensions } = on()) {
      const texts = extensions.map((path) => {
        const release = releases[path] ?? "";
        if (typeof release !== "string") throw release;
        return [path, release] as const;
      });
      const units = Object.fromEntries(
        ["gallery.service", ...extensions.map((_, n) => `extra-${n}.service`)].map((unit) => [unit, ""]),
      );
      return { osRelease: BASE, units, extensionReleases: Object.fromEntries(texts) };
    },
  };
}

describe("an image opened with its extensions", () => {
  it("has the units and prefixes of all of them", async () => {
    const systemd = portabled({ "/a.raw": "ID=demo\nSYSEXT_LEVEL=1\nPORTABLE_PREFIXES=extra\n" });
    expect(await inspectLayered(systemd, version, on("/a.raw"))).toMatchObject({
      ok: true,
      facts: { prefixes: ["gallery", "extra"], units: ["extra-0.service", "gallery.service"] },
    });
  });

  it("is refused for the extension that does not fit, which portabled does not tell", async () => {
    const systemd = portabled({ "/a.raw": "ID=_any\n", "/b.raw": "ID=demo\nSYSEXT_LEVEL=9\n" });
    expect(await inspectLayered(systemd, version, on("/a.raw", "/b.raw"))).toMatchObject({
      ok: false,
      problem: { code: "layer-mismatch", params: { layer: "/b.raw", wants: "9", has: "1" } },
    });
  });

  it.each([
    ["System.Error.ENOMEDIUM", "No medium found", "layer-no-release"],
    [
      "org.freedesktop.DBus.Error.InvalidArgs",
      "Image '/b_2.raw' lacks extension-release data, refusing.",
      "layer-no-release",
    ],
    [
      "org.freedesktop.DBus.Error.InvalidArgs",
      "Couldn't identify a suitable partition table or file system in '/b_2.raw'.",
      "no-file-system",
    ],
  ])("names the extension that cannot be opened: %s %s", async (name, text, code) => {
    const systemd = portabled({ "/a.raw": "ID=_any\n", "/b_2.raw": refused(name, text) });
    for (const layering of [on("/a.raw", "/b_2.raw"), on("/b_2.raw")])
      expect(await inspectLayered(systemd, version, layering)).toMatchObject({
        ok: false,
        problem: { code, params: { layer: "/b_2.raw" } },
      });
  });

  it("names a file that is gone", async () => {
    const systemd = portabled({ "/a.raw": new AppError("not-found", { path: "/a.raw" }) });
    expect(await inspectLayered(systemd, version, on("/a.raw"))).toMatchObject({
      problem: { code: "cannot-open", params: { name: "ENOENT", layer: "/a.raw" } },
    });
  });
});
