import { describe, expect, it } from "vitest";
import { compareDeployed, type Now } from "@/lib/drift/compare";
import { findChanges, findSwitch } from "@/lib/drift/deeds";
import type { AttachedState, Known } from "@/lib/drift/types";

const STAMP = { dev: 1, ino: 10, size: 100, mtimeMs: 5 };

function state(change: Partial<AttachedState> = {}): AttachedState {
  return {
    path: "/srv/web/web_1.2.0.raw",
    extensions: [],
    profile: "default",
    location: "persistent",
    units: ["web.service"],
    attachedAt: 1000,
    image: { stamp: STAMP, isDirectory: false },
    files: {
      "web.service": { digest: "a", text: "[Service]\nExecStart=/web\n" },
      "web.service.d/20-portable.conf": { digest: "m", text: "# marker\n" },
    },
    ...change,
  };
}

const old = state();
const other = state({
  path: "/srv/web/web_1.3.0.raw",
  attachedAt: 2000,
  image: { stamp: { ...STAMP, ino: 11 }, isDirectory: false },
});
const known = (deployed: AttachedState | null, seen = deployed): Known => ({ deployed, seen });
const now = (attached: AttachedState | null, movedTo: string | null = null): Now => ({ attached, movedTo });
const withFile = (file: string, digest: string, text: string | null) =>
  state({ files: { ...old.files, [file]: { digest, text } } });
const image = (stamp: Partial<typeof STAMP>, isDirectory = false) =>
  state({ image: { stamp: { ...STAMP, ...stamp }, isDirectory } });

describe("compareDeployed", () => {
  it.each<[string, Known, Now, unknown[]]>([
    ["the same", known(old), now(old), []],
    ["nothing, as before", known(null), now(null), []],
    ["attached anew, as it was", known(old), now(state({ attachedAt: 9000 })), []],
    [
      "attached",
      known(null, other),
      now(other),
      [{ code: "attached-outside", params: { version: "1.3.0", path: other.path } }],
    ],
    [
      "detached",
      known(old, null),
      now(null),
      [{ code: "detached-outside", params: { version: "1.2.0", path: old.path } }],
    ],
    [
      "switched, and the new files are not compared with the old ones",
      known(old, other),
      now(other),
      [{ code: "switched-outside", params: { from: "1.2.0", to: "1.3.0", path: other.path } }],
    ],
    ["switched and back", known(old, state({ attachedAt: 3000 })), now(state({ attachedAt: 3000 })), []],
    [
      "switched, then edited",
      known(old, other),
      now({ ...other, files: { ...other.files, "web.service": { digest: "b", text: "[Service]\n" } } }),
      [{ code: "switched-outside" }, { code: "unit-edited", params: { file: "web.service" } }],
    ],
    [
      "edited",
      known(old),
      now(withFile("web.service", "b", "[Service]\nExecStart=/web --fast\n")),
      [
        {
          code: "unit-edited",
          params: { file: "web.service", diff: " [Service]\n-ExecStart=/web\n+ExecStart=/web --fast" },
        },
      ],
    ],
    [
      "edited, too long to show",
      known(old),
      now(withFile("web.service", "b", null)),
      [{ code: "unit-edited", params: { file: "web.service", diff: "" } }],
    ],
    [
      "a drop-in more",
      known(old),
      now(withFile("web.service.d/my.conf", "d", "[Service]\n")),
      [{ code: "file-added", params: { file: "web.service.d/my.conf", diff: "+[Service]" } }],
    ],
    [
      "a unit less",
      known(withFile("web.socket", "s", "")),
      now(old),
      [{ code: "unit-removed", params: { file: "web.socket" } }],
    ],
    ["replaced by another file", known(old), now(image({ ino: 99 })), [{ code: "image-replaced" }]],
    ["overwritten in place", known(old), now(image({ mtimeMs: 6 })), [{ code: "image-replaced" }]],
    ["made longer", known(old), now(image({ size: 101 })), [{ code: "image-replaced" }]],
    ["another device number after a boot", known(old), now(image({ dev: 7 })), []],
    ["a directory that is written to", known(image({}, true)), now(image({ mtimeMs: 9, size: 9 }, true)), []],
    ["another directory", known(image({}, true)), now(image({ ino: 9 }, true)), [{ code: "image-replaced" }]],
    [
      "overwritten, then attached anew",
      known(old, image({ size: 7 })),
      now(image({ size: 7 })),
      [{ code: "image-replaced" }],
    ],
    [
      "removed",
      known(old),
      now(state({ image: null })),
      [{ code: "image-gone", params: { path: old.path } }],
    ],
    [
      "moved",
      known(old),
      now(state({ image: null }), "/elsewhere/web_1.2.0.raw"),
      [{ code: "image-moved", params: { path: old.path, to: "/elsewhere/web_1.2.0.raw" } }],
    ],
    [
      "another profile",
      known(old, state({ profile: "trusted" })),
      now(state({ profile: "trusted" })),
      [{ code: "profile-changed", params: { from: "default", to: "trusted" } }],
    ],
    [
      "until reboot",
      known(old, state({ location: "runtime" })),
      now(state({ location: "runtime" })),
      [{ code: "location-changed", params: { from: "persistent", to: "runtime" } }],
    ],
    [
      "an extension more",
      known(old, state({ extensions: ["/x.raw"] })),
      now(state({ extensions: ["/x.raw"] })),
      [{ code: "extensions-changed", params: { from: "", to: "/x.raw" } }],
    ],
  ])("%s", (_name, before, after, differences) => {
    const found = compareDeployed(before, after);
    expect(found).toHaveLength(differences.length);
    expect(found).toMatchObject(differences);
  });
});

describe("findSwitch", () => {
  const edited = withFile("web.service.d/20-portable.conf", "x", "# edited\n");
  it.each<[string, AttachedState | null, AttachedState | null, string | null]>([
    ["nothing", old, old, null],
    ["still nothing", null, null, null],
    ["an attach", null, old, "attach"],
    ["a detach", old, null, "detach"],
    ["an upgrade", old, other, "upgrade"],
    ["a rollback", other, old, "rollback"],
    ["the same version again", old, state({ attachedAt: 2000 }), "reattach"],
    ["to another location", old, state({ location: "runtime" }), "reattach"],
    ["a unit that is edited is none", old, withFile("web.service", "b", ""), null],
    ["a marker that is edited is none", old, { ...edited, attachedAt: 2000 }, null],
    ["an image that is replaced is none", old, image({ ino: 3 }), null],
  ])("%s", (_name, seen, attached, kind) => {
    expect(findSwitch(seen, attached)?.kind ?? null).toBe(kind);
  });
});

describe("findChanges", () => {
  const edit = (diff: string) => ({ code: "unit-edited" as const, params: { file: "web.service", diff } });
  it("tells what is new, once, and leaves switches and the lines themselves out", () => {
    const switched = { code: "switched-outside" as const, params: { from: "1", to: "2", path: "/x" } };
    expect(findChanges([], [switched, edit("+a")], old)).toMatchObject([
      { kind: "change", message: { code: "unit-edited", params: { file: "web.service" } } },
    ]);
    expect(findChanges([edit("+a")], [edit("+a\n+b")], old)).toEqual([]);
    expect(findChanges([edit("+a")], [], old)).toEqual([]);
  });
});
