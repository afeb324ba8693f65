import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createImageFinder, readImagePlaces } from "@/lib/engine/image-finder";
import { createRehearser } from "@/lib/engine/rehearser";
import { AppError } from "@/lib/errors";
import { readImageVersion } from "@/lib/images/image-version";
import type { Rehearsal } from "@/lib/images/types";
import type { Attachment } from "@/lib/services/types";
import type { UnitStatus } from "@/lib/systemd/types";

let top = "";
let calls: string[] = [];
let exitStatus = 203;
let breaks = false;
let told: Rehearsal[] = [];

beforeEach(async () => {
  top = mkdtempSync(join(tmpdir(), "attache-rehearser-"));
  calls = [];
  told = [];
  exitStatus = 203;
  breaks = false;
  for (const name of ["units", "profiles/default"]) await mkdir(join(top, name), { recursive: true });
  writeFileSync(`${top}/page_1.raw`, "hsqs");
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(top, { recursive: true, force: true });
});

const TEXTS = { "page.service": "[Service]\nExecStart=/bin/page\n" };
const PART = { units: ["page.service"], profile: "default", extensions: [] };

function rehearser(known: ReadonlyMap<string, Rehearsal> = new Map()) {
  const paths = {
    attached: { persistent: "/nowhere", runtime: "/nowhere" },
    portables: [],
    unitLinks: { persistent: "/nowhere", runtime: "/nowhere" },
  };
  return createRehearser({
    theatre: {
      systemd: {
        holdUnit: async () => void calls.push("hold"),
        releaseUnit: async () => void calls.push("release"),
        unitStates: async () => [],
        unitsByPatterns: async () => [],
        unitStatus: async (name) => statusOf(name),
        journal: async () => [],
        async runJob(verb) {
          calls.push(verb);
          if (breaks) throw new AppError("bus-unreachable");
          return "done";
        },
      },
      scene: { units: [join(top, "etc")], profiles: [join(top, "profiles")] },
      unitDirectory: join(top, "units"),
      emptyDirectory: join(top, "empty"),
    },
    finder: createImageFinder(() => readImagePlaces({ imageRoots: [top], paths })),
    known,
    inspect: async ({ path, stamp }) => ({
      ok: true,
      path,
      stamp,
      at: 0,
      facts: { osRelease: {}, prefixes: [], units: PART.units },
    }),
    unitTexts: async () => TEXTS,
    partOf: async () => ({ part: PART, attachment: null }),
    rehearsed: (result) => told.push(result),
    isBusy: () => false,
  });
}

/** As PID 1 would tell of a unit that came as far as `exitStatus`. */
function statusOf(name: string): UnitStatus {
  const service = { result: "success", exitStatus, user: "x", bindPaths: [], environmentFiles: [] };
  return { name, load: "loaded", invocationId: "", service } as unknown as UnitStatus;
}

async function page() {
  const version = await readImageVersion(`${top}/page_1.raw`);
  if (!version) throw new Error("not an image");
  return version;
}

describe("rehearsing", () => {
  it("starts one unit and leaves neither unit nor file", async () => {
    const { verdict } = await rehearser().rehearse(await page(), PART, null);
    expect(verdict).toBe("mounts");
    expect(calls).toEqual(["hold", "start", "release"]);
    expect(readdirSync(join(top, "units"))).toEqual([]);
  });

  it("believes a proof for ten minutes, also one of an earlier life, without asking PID 1", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const first = await rehearser().rehearse(await page(), PART, null);
    const again = rehearser(new Map([[first.path, first]]));
    calls = [];
    expect(await again.rehearse(await page(), PART, null)).toBe(first);
    expect(calls).toEqual([]);
    vi.setSystemTime(Date.now() + 10 * 60_000 + 1);
    await again.rehearse(await page(), PART, null);
    expect(calls).toContain("start");
  });

  it.each([
    ["forward", 1],
    ["back", -1],
  ])("believes no proof any more when the clock was set %s a year", async (_, sign) => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const one = rehearser();
    await one.rehearse(await page(), PART, null);
    calls = [];
    vi.setSystemTime(Date.now() + sign * 365 * 24 * 3_600_000);
    await one.rehearse(await page(), PART, null);
    expect(calls).toContain("start");
  });

  const changes: [what: string, change: () => Promise<void>][] = [
    ["the image", async () => writeFileSync(`${top}/page_1.raw`, "hsqs!")],
    ["the profile", async () => writeFileSync(`${top}/profiles/default/service.conf`, "[Service]\n")],
    [
      "a drop-in of the host",
      async () => {
        await mkdir(join(top, "etc/page.service.d"), { recursive: true });
        writeFileSync(join(top, "etc/page.service.d/x.conf"), "[Service]\nUser=x\n");
      },
    ],
  ];
  it.each(changes)("rehearses anew when %s is another one", async (_, change) => {
    const one = rehearser();
    await one.rehearse(await page(), PART, null);
    calls = [];
    await change();
    await one.rehearse(await page(), PART, null);
    expect(calls).toContain("start");
  });

  describe("ahead of the opening", () => {
    const ATTACHMENT: Attachment = {
      ...PART,
      service: "page",
      path: "/srv/page/page_0.raw",
      location: "persistent",
      attachedAt: 0,
    };
    const begin = async (texts: Readonly<Record<string, string>> = TEXTS) => {
      const one = rehearser();
      await one.rehearseAhead(await page(), PART, ATTACHMENT, texts);
      expect([told, one.rehearsed(await page())]).toEqual([[], null]);
      expect(calls).toEqual(["hold", "start", "release"]);
      return one;
    };

    it("is believed, and told, once the unit files turn out to be those", async () => {
      const one = await begin();
      expect((await one.rehearse(await page(), PART, ATTACHMENT)).verdict).toBe("mounts");
      expect(calls).toEqual(["hold", "start", "release"]);
      expect(told.map(({ verdict }) => verdict)).toEqual(["mounts"]);
    });

    const others: [what: string, differ: () => Promise<void>, texts?: Record<string, string>][] = [
      ["a unit file is another one", async () => undefined, { "page.service": "[Service]\nUser=x\n" }],
      ["the image is another one", async () => writeFileSync(`${top}/page_1.raw`, "hsqs!")],
      ["it is old", async () => void vi.setSystemTime(Date.now() + 10 * 60_000 + 1)],
      [
        "bug: the profile has changed since then",
        async () => writeFileSync(`${top}/profiles/default/service.conf`, "[Service]\nUser=x\n"),
      ],
    ];
    it.each(others)("is done again where %s", async (_, differ, texts) => {
      vi.useFakeTimers({ toFake: ["Date"] });
      const one = await begin(texts);
      await differ();
      expect((await one.rehearse(await page(), PART, ATTACHMENT)).verdict).toBe("mounts");
      expect(calls).toHaveLength(6);
    });

    it("is done again where more is taken than it was taken to be", async () => {
      const one = await begin();
      const more = { ...PART, units: [...PART.units, "more.service"] };
      expect((await one.rehearse(await page(), more, ATTACHMENT)).verdict).toBe("mounts");
      expect(calls).toHaveLength(6);
    });

    it("is done again where it failed", async () => {
      exitStatus = 217;
      const one = await begin();
      exitStatus = 203;
      expect((await one.rehearse(await page(), PART, ATTACHMENT)).verdict).toBe("mounts");
      expect(calls).toHaveLength(6);
    });
  });

  it("does not believe a failure: the host may have been mended", async () => {
    const one = rehearser();
    exitStatus = 217;
    expect((await one.rehearse(await page(), PART, null)).verdict).toBe("would-not-start");
    exitStatus = 203;
    expect((await one.rehearse(await page(), PART, null)).verdict).toBe("mounts");
  });

  it("says nothing of the version when the bus is lost, and removes its file", async () => {
    breaks = true;
    expect(await rehearser().rehearse(await page(), PART, null)).toMatchObject({
      verdict: "unchecked",
      problem: { code: "rehearsal-failed" },
    });
    expect(readdirSync(join(top, "units"))).toEqual([]);
  });

  it("does not mount a file system twice that can be written to", async () => {
    writeFileSync(`${top}/page_1.raw`, "ext4");
    expect(await rehearser().rehearse(await page(), PART, null)).toMatchObject({
      problem: { code: "writable-image" },
    });
    writeFileSync(`${top}/profiles/default/service.conf`, "[Service]\nProtectSystem=strict\n");
    expect((await rehearser().rehearse(await page(), PART, null)).verdict).toBe("mounts");
  });

  it("rehearses what is asked for in the background, and tells", async () => {
    expect(await rehearser().request("page", ["1", "9"])).toBe(1);
    await vi.waitFor(() => expect(told.map(({ verdict }) => verdict)).toEqual(["mounts"]));
  });
});
