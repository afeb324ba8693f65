import { describe, expect, it } from "vitest";
import type { Call } from "@/lib/systemd/bus";
import { createPortable1 } from "@/lib/systemd/portable1";
import type { Layering } from "@/lib/systemd/types";

const BASE = "/srv/web_2.raw";
const LAYERING: Layering = { extensions: ["/opt/b_1.raw", "/opt/a_1.raw"], isRelaxed: false };
const OPTIONS = { matches: ["web"], profile: "default", location: "persistent" } as const;

/** portabled, with what was sent and one answer to everything. */
function portabled(answer: readonly unknown[] = []) {
  const calls: Pick<Call, "member" | "body">[] = [];
  const bus = {
    call: async ({ member, body = [] }: Call) => {
      calls.push({ member, body });
      return answer;
    },
  };
  return {
    calls,
    portable1: createPortable1(bus, async (path) => !path.includes("gone")),
  };
}

describe("extensions", () => {
  it.each([
    ["none: the plain call", {}, "ReattachImage", [BASE, ["web"], "default", false, ""]],
    [
      "in their order",
      { layering: LAYERING },
      "ReattachImageWithExtensions",
      [BASE, LAYERING.extensions, ["web"], "default", "", 0n],
    ],
    [
      "until reboot, forced",
      { layering: LAYERING, location: "runtime", force: true },
      "ReattachImageWithExtensions",
      [BASE, LAYERING.extensions, ["web"], "default", "", 3n],
    ],
    [
      "with release files of any name",
      { layering: { ...LAYERING, isRelaxed: true } },
      "ReattachImageWithExtensions",
      [BASE, LAYERING.extensions, ["web"], "default", "", 4n],
    ],
  ] as const)("%s", async (_name, change, member, body) => {
    const { calls, portable1 } = portabled();
    await portable1.reattachImage(BASE, { ...OPTIONS, ...change });
    expect(calls).toEqual([{ member, body }]);
  });

  it("are listed for a detach", async () => {
    const { calls, portable1 } = portabled();
    await portable1.detachImage(BASE, "runtime", LAYERING.extensions);
    expect(calls).toEqual([{ member: "DetachImageWithExtensions", body: [BASE, LAYERING.extensions, 1n] }]);
  });

  it("that are not there are never asked for", async () => {
    const { calls, portable1 } = portabled();
    const gone = { extensions: ["/opt/gone.raw"], isRelaxed: false };
    const refusal = { code: "not-found", params: { path: "/opt/gone.raw" } };
    await expect(portable1.detachImage(BASE, "runtime", gone.extensions)).rejects.toMatchObject(refusal);
    await expect(portable1.attachImage(BASE, { ...OPTIONS, layering: gone })).rejects.toMatchObject(refusal);
    await expect(portable1.getImageMetadata(BASE, [], gone)).rejects.toMatchObject(refusal);
    expect(calls).toEqual([]);
  });

  it.each([
    ["of systemd 251", [{ "/opt/a_1.raw": Buffer.from("ID=_any") }], { "/opt/a_1.raw": "ID=_any" }],
    ["of systemd 249, without release texts", [], undefined],
  ])("are read from an answer %s", async (_name, releases, extensionReleases) => {
    const { portable1 } = portabled([
      BASE,
      Buffer.from("ID=x"),
      ...releases,
      { "web.service": Buffer.from("u") },
    ]);
    const found = await portable1.getImageMetadata(BASE, [], LAYERING);
    expect(found).toEqual({
      osRelease: "ID=x",
      units: { "web.service": "u" },
      ...(extensionReleases ? { extensionReleases } : {}),
    });
  });
});
