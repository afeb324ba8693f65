import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { scanImages } from "@/lib/images/scan";
import { joinReading, readAttached } from "@/lib/services/reading";

let top = "";
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "attache-layers-"));
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

function put(file: string, text = ""): void {
  mkdirSync(dirname(join(top, file)), { recursive: true });
  writeFileSync(join(top, file), text);
}

function attach(unit: string, ...images: string[]): void {
  const marker = images.map((image) => join(top, image)).join(":");
  put(`etc/${unit}`, "[Service]\n");
  put(`etc/${unit}.d/20-portable.conf`, `# Drop-in created for image '${marker}', do not edit.\n`);
}

async function read() {
  const paths = {
    attached: { persistent: `${top}/etc`, runtime: `${top}/run` },
    unitLinks: { persistent: `${top}/units`, runtime: `${top}/run-units` },
    portables: [],
  };
  const scan = await scanImages({ roots: [`${top}/srv/*`], portables: [] });
  return joinReading(scan, await readAttached(paths));
}

describe("the layers of a service", () => {
  it("are found beside the attached one and below the roots, newest first, in portabled's order", async () => {
    for (const name of [
      "opt/themes_1.raw",
      "opt/themes_1.10.raw",
      "opt/themes_1.9.raw",
      "srv/a/themes_2.raw",
    ])
      put(name);
    for (const name of ["opt/themes_3.iso", "opt/other_9.raw", "opt/fonts.raw", "srv/web/web_1.raw"])
      put(name);
    attach("web.service", "srv/web/web_1.raw", "opt/themes_1.raw", "opt/fonts.raw");
    const { services, watch } = await read();
    const web = services.get("web");
    expect(
      web?.layers.map(({ stem, label, versions }) => [stem, label, versions.map((one) => one.label)]),
    ).toEqual([
      ["themes", "1", ["2", "1.10", "1.9", "1"]],
      ["fonts", "", [""]],
    ]);
    expect(watch).toContain(join(top, "opt"));
  });

  it("are no services of their own, unless they are attached as one", async () => {
    for (const name of ["srv/web/web_1.raw", "srv/web/themes_1.raw", "srv/web/fonts_1.raw"]) put(name);
    attach("web.service", "srv/web/web_1.raw", "srv/web/themes_1.raw", "srv/web/fonts_1.raw");
    attach("fonts.service", "srv/web/fonts_1.raw");
    expect([...(await read()).services.keys()].sort()).toEqual(["fonts", "web"]);
  });

  it("are told to be missing", async () => {
    put("srv/web/web_1.raw");
    attach("web.service", "srv/web/web_1.raw", "opt/themes_1.raw");
    const web = (await read()).services.get("web");
    const params = { service: "web", path: join(top, "opt/themes_1.raw") };
    expect(web?.findings).toEqual([{ code: "layer-missing", params }]);
    expect(web?.layers).toEqual([{ stem: "themes", label: "1", path: params.path, versions: [] }]);
  });

  it("keep a service apart from one of the same base without them: neither can be switched", async () => {
    put("srv/web/web_1.raw");
    put("opt/themes_1.raw");
    attach("web.service", "srv/web/web_1.raw");
    attach("web-themes.service", "srv/web/web_1.raw", "opt/themes_1.raw");
    const web = (await read()).services.get("web");
    expect(web?.attachments.map(({ units }) => units)).toEqual([["web-themes.service"], ["web.service"]]);
    expect(web?.findings.map(({ code }) => code)).toEqual(["stem-shared"]);
  });
});
