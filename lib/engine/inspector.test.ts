import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createImageFinder, readImagePlaces } from "@/lib/engine/image-finder";
import { createInspector } from "@/lib/engine/inspector";
import { AppError } from "@/lib/errors";
import { readImageVersion } from "@/lib/images/image-version";

let top = "";
let opened: string[] = [];
let answered: string[] = [];
let isBusy = false;
let atOnce = 0;
let mostAtOnce = 0;
/** How often portabled dies over an image. */
let deaths = 0;

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "attache-inspector-"));
  opened = [];
  answered = [];
  isBusy = false;
  atOnce = mostAtOnce = deaths = 0;
  for (const label of ["1", "2", "3"]) writeFileSync(`${top}/page_${label}.raw`, "image");
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

const paths = {
  attached: { persistent: "/nowhere", runtime: "/nowhere" },
  portables: [],
  unitLinks: { persistent: "/nowhere", runtime: "/nowhere" },
};
const inspector = () =>
  createInspector({
    systemd: {
      async getImageMetadata() {
        if (deaths-- > 0)
          throw new AppError("call-failed", { name: "org.freedesktop.DBus.Error.NoReply", text: "" });
        mostAtOnce = Math.max(mostAtOnce, ++atOnce);
        await new Promise((resolve) => setTimeout(resolve, 5));
        atOnce--;
        return { osRelease: "ID=x\n", units: { "page.service": "[Service]\n" } };
      },
    },
    finder: createImageFinder(() => readImagePlaces({ imageRoots: [top], paths })),
    known: new Map(),
    kept: () => null,
    opened: (_result, version) => opened.push(version.label),
    answered: (service, inspections) =>
      answered.push(...inspections.map(({ path }) => `${service} ${basename(path)}`)),
    isBusy: () => isBusy,
  });

describe("images that someone wants to know of", () => {
  it("are opened one by one, and not again", async () => {
    const one = inspector();
    expect(await Promise.all([one.request("page", ["1", "2"]), one.request("page", ["2", "3"])])).toEqual([
      2, 2,
    ]);
    // Two callers at the same moment: whose images come first is left to chance.
    await vi.waitFor(() => expect(opened.toSorted()).toEqual(["1", "2", "3"]));
    expect(mostAtOnce).toBe(1);
    expect(await one.request("page", ["1", "2", "3", "4"])).toBe(0);
  });

  it.each([
    [1, ["1", "2"]],
    [4, []],
  ])(
    "bug: one over which portabled was killed stayed unopened (it is tried twice: %i)",
    async (times, found) => {
      deaths = times;
      await inspector().request("page", ["1", "2"]);
      await vi.waitFor(() => expect([deaths <= 0, opened.toSorted()]).toEqual([true, found]));
    },
  );

  it("are told of from the cache when they were opened before", async () => {
    const one = inspector();
    await one.request("page", ["1"]);
    await vi.waitFor(() => expect(opened).toEqual(["1"]));
    expect(answered).toEqual([]);
    expect(await one.request("page", ["1", "2"])).toBe(1);
    expect(answered).toEqual(["page page_1.raw"]);
    await vi.waitFor(() => expect(opened).toEqual(["1", "2"]));
    writeFileSync(join(top, "page_1.raw"), "another image");
    expect(await one.request("page", ["1"])).toBe(1);
    expect(answered, "what changed is opened again instead").toEqual(["page page_1.raw"]);
    await vi.waitFor(() => expect(opened).toEqual(["1", "2", "1"]));
  });

  it("wait while something is deployed, which waits for none of them", async () => {
    isBusy = true;
    const one = inspector();
    await one.request("page", ["1", "2"]);
    const target = await readImageVersion(`${top}/page_3.raw`);
    if (!target) throw new Error("no image");
    expect(await one.inspect(target)).toMatchObject({ ok: true });
    await vi.waitFor(() => expect(opened).toEqual(["3"]));
    isBusy = false;
    await vi.waitFor(() => expect(opened).toEqual(["3", "1", "2"]), { timeout: 3000 });
  });
});

it("unit files are told before they are kept, without a second look into the image", async () => {
  const one = inspector();
  const version = await readImageVersion(`${top}/page_1.raw`);
  if (!version) throw new Error("no image");
  deaths = -1;
  expect(await one.unitTexts(version)).toEqual({ "page.service": "[Service]\n" });
  expect([deaths, opened]).toEqual([-2, []]);
  await vi.waitFor(() => expect(opened).toEqual(["1"]));
});
