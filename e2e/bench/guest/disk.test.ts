import { describe, expect, it } from "vitest";
import { createDisk, type DiskEvent } from "./disk";

const write = (path: string, text: string, at = 0): DiskEvent => ({
  kind: "write",
  path,
  at,
  data: Buffer.from(text).toString("base64"),
});
const opened = (path: string): DiskEvent => ({ kind: "open", path, truncate: true });
const sync = (path: string, since = Number.MAX_SAFE_INTEGER): DiskEvent => ({ kind: "sync", path, since });

/** What is left on a disk that held "old" in /d/a, with bad luck in everything and with good. */
function after(...events: DiskEvent[]) {
  const disk = createDisk(new Map([["/d/a", Buffer.from("old")]]));
  for (const [index, event] of events.entries()) disk.apply(event, index);
  const left = (luck: boolean) =>
    Object.fromEntries(
      [...disk.afterCut({ keepsNames: luck, keepsWrites: () => luck })].map(([path, bytes]) => [
        path,
        String(bytes),
      ]),
    );
  return [left(false), left(true)];
}

describe("a disk that loses its power", () => {
  it.each<[string, DiskEvent[], object, object]>([
    ["a write without a sync may be gone", [write("/d/a", "new")], { "/d/a": "old" }, { "/d/a": "new" }],
    ["a write with one is not", [write("/d/a", "new"), sync("/d/a")], { "/d/a": "new" }, { "/d/a": "new" }],
    [
      "a sync covers nothing later",
      [write("/d/a", "new"), sync("/d/a", 0)],
      { "/d/a": "old" },
      { "/d/a": "new" },
    ],
    [
      "a new file needs its name",
      [opened("/d/b"), write("/d/b", "b"), sync("/d/b")],
      { "/d/a": "old" },
      { "/d/a": "old", "/d/b": "b" },
    ],
    [
      "which a sync of the directory keeps",
      [opened("/d/b"), write("/d/b", "b"), sync("/d/b"), sync("/d")],
      { "/d/a": "old", "/d/b": "b" },
      { "/d/a": "old", "/d/b": "b" },
    ],
    [
      "a rename is whole or not at all",
      [opened("/d/b"), write("/d/b", "new"), sync("/d/b"), { kind: "rename", from: "/d/b", to: "/d/a" }],
      { "/d/a": "old" },
      { "/d/a": "new" },
    ],
    ["a removal may come back", [{ kind: "unlink", path: "/d/a" }], { "/d/a": "old" }, {}],
    ["a cut is a write", [{ kind: "truncate", path: "/d/a", length: 1 }], { "/d/a": "old" }, { "/d/a": "o" }],
  ])("%s", (_, events, bad, good) => expect(after(...events)).toEqual([bad, good]));
});
