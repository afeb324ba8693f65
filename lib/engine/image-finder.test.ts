import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createImageFinder, readImagePlaces } from "@/lib/engine/image-finder";

let top = "";
let looks = 0;
let atOnce = 0;
let mostAtOnce = 0;

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "attache-finder-"));
  looks = atOnce = mostAtOnce = 0;
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

function put(file: string, text = "image"): string {
  const path = join(top, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

const finder = () =>
  createImageFinder(async () => {
    looks++;
    mostAtOnce = Math.max(mostAtOnce, ++atOnce);
    const places = await readImagePlaces({
      imageRoots: [`${top}/srv/*`],
      paths: {
        attached: { persistent: `${top}/etc/attached`, runtime: `${top}/run/attached` },
        portables: [],
        unitLinks: { persistent: `${top}/etc/units`, runtime: `${top}/run/units` },
      },
    });
    atOnce--;
    return places;
  });
const labels = async (found: Promise<readonly { label: string }[]>) =>
  (await found).map(({ label }) => label);

describe("images by service and version", () => {
  it("are found below the roots and where one is attached from", async () => {
    put("srv/page/page_1.raw");
    put("srv/page/page_2.raw");
    put("srv/others/page_3.raw");
    const far = put("far/page_4.raw");
    put(
      "run/attached/page.service.d/20-portable.conf",
      `# Drop-in created for image '${far}', do not edit.\n`,
    );
    put("run/attached/page.service", "[Service]\n");
    expect(await labels(finder().find("page", ["1", "3", "4", "9"]))).toEqual(["1", "3", "4"]);
  });

  // Each of a hundred questions at once held 10,000 files of its own, and the engine ran out of memory.
  it("are looked for once, however many ask at the same moment", async () => {
    for (let n = 0; n < 100; n++) put(`srv/s${n}/s${n}_1.raw`);
    const one = finder();
    const found = await Promise.all(Array.from({ length: 100 }, (_, n) => one.find(`s${n}`, ["1"])));
    expect(found.map((versions) => versions.length)).toEqual(Array(100).fill(1));
    expect(looks).toBe(1);
  });

  it("are looked for again where one is missing, one look at a time", async () => {
    put("srv/page/page_1.raw");
    const one = finder();
    expect(await labels(one.find("page", ["1"]))).toEqual(["1"]);
    put("srv/page/page_2.raw");
    const again = await Promise.all(Array.from({ length: 50 }, () => labels(one.find("page", ["1", "2"]))));
    expect(again).toEqual(Array(50).fill(["1", "2"]));
    expect(await labels(one.find("nobody", ["1"]))).toEqual([]);
    expect(mostAtOnce).toBe(1);
    expect(looks, "not one for each").toBeLessThan(6);
  });

  it("are told as they are now", async () => {
    const path = put("srv/page/page_1.raw");
    const one = finder();
    await one.find("page", ["1"]);
    put("srv/page/page_1.raw", "another image");
    utimesSync(path, 5, 5);
    expect((await one.find("page", ["1"]))[0]?.stamp).toMatchObject({ size: 13, mtimeMs: 5000 });
    rmSync(path);
    expect(await one.find("page", ["1"])).toEqual([]);
    expect(looks).toBe(2);
  });
});
