import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ImageVersion, Inspection, Rehearsal } from "@/lib/images/types";
import { chooseTargets, type TargetFacts, worthInspecting, worthRehearsing } from "@/lib/services/targets";

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;

const stamp = { dev: 1, ino: 1, size: 1, mtimeMs: 1 };

/** "1.2.0" = inspected and fit, "1.2.0!" = inspected and not fit, "1.2.0?" = not looked into; "1.2.0#" = would not start, "1.2.0##" = would not start long ago, "1.2.0+" = mounts. */
function version(text: string): ImageVersion {
  const label = text.replace(/[!?#+]+$/, "");
  const path = `/srv/page/page_${label}.raw`;
  const seen = { path, stamp, at: 0 };
  const inspection: Inspection | null = text.endsWith("?")
    ? null
    : text.endsWith("!")
      ? { ...seen, ok: false, problem: { code: "no-id", params: {} } }
      : { ...seen, ok: true, facts: { osRelease: {}, prefixes: [], units: [] } };
  const about = { path, stamp, key: "", at: text.endsWith("##") ? NOW - 2 * MINUTE : NOW - MINUTE };
  const rehearsal: Rehearsal | null = text.endsWith("#")
    ? { ...about, verdict: "would-not-start", problem: { code: "image-lacks-file", params: {} } }
    : text.endsWith("+")
      ? { ...about, verdict: "mounts" }
      : null;
  const owner = { uid: 0, gid: 0, user: "root", group: "root" };
  return {
    service: "page",
    label,
    path,
    kind: "raw",
    stamp,
    mode: 0o444,
    owner,
    inspection,
    rehearsal,
  };
}

/** Fields left out are empty; versions newest first. */
function facts(
  versions: string,
  current: string | null,
  more: Partial<Record<"marked" | "ran" | "journal", string[]>> = {},
): TargetFacts {
  return {
    versions: versions.split(" ").map(version),
    current,
    marked: new Set(more.marked),
    ranBefore: more.ran ?? [],
    journalFiles: more.journal ?? [],
  };
}

const CASES: readonly (readonly [string, TargetFacts, string, string])[] = [
  ["the newest and the next lower", facts("1.3 1.2 1.1", "1.2"), "1.3 newest", "1.1 next-lower"],
  ["nothing newer", facts("1.3 1.2 1.1", "1.3"), "-", "1.2 next-lower"],
  ["nothing older", facts("1.3 1.2 1.1", "1.1"), "1.3 newest", "-"],
  ["not looked into yet", facts("1.3? 1.2 1.1?", "1.1"), "1.2 newest", "-"],
  ["no image", facts("1.3! 1.2 1.1", "1.1"), "1.2 newest", "-"],
  ["pre-releases", facts("2.0-rc1 2.0~rc2 1.2 1.1", "1.1"), "1.2 newest", "-"],
  ["marked", facts("1.3 1.2 1.1", "1.1", { marked: ["1.3"] }), "1.2 newest", "-"],
  ["all newer marked", facts("1.3 1.2", "1.2", { marked: ["1.3"] }), "-", "-"],
  [
    "ran before, by our record",
    facts("1.3 1.2 1.1 1.0", "1.3", { ran: ["1.3", "1.0", "1.2"] }),
    "-",
    "1.0 history",
  ],
  [
    "went back: what ran before is newer",
    facts("1.3 1.2 1.1", "1.2", { ran: ["1.3", "1.1"] }),
    "1.3 newest",
    "1.1 history",
  ],
  ["what ran before is gone", facts("1.3 1.2 1.1", "1.3", { ran: ["1.0"] }), "-", "1.2 next-lower"],
  [
    "by the journal",
    facts("1.3 1.2 1.1", "1.3", { journal: ["page_1.3.raw", "page_1.1.raw"] }),
    "-",
    "1.1 journal",
  ],
  [
    "our record before the journal",
    facts("1.3 1.2 1.1", "1.3", { ran: ["1.2"], journal: ["page_1.1.raw"] }),
    "-",
    "1.2 history",
  ],
  ["the next lower is marked", facts("1.3 1.2 1.1", "1.3", { marked: ["1.2"] }), "-", "1.1 next-lower"],
  [
    "ran before, and is marked since",
    facts("1.3 1.2 1.1", "1.3", { ran: ["1.2"], journal: ["page_1.2.raw"], marked: ["1.2"] }),
    "-",
    "1.1 next-lower",
  ],
  ["the older one is no image", facts("1.3 1.2! 1.1?", "1.3"), "-", "1.1 next-lower"],
  ["one version in two files", facts("1.3 1.3 1.2 1.1", "1.1"), "1.2 newest", "-"],
  ["the attached file is gone", facts("1.3 1.1", "1.2"), "1.3 newest", "1.1 next-lower"],
  ["the newest would not start", facts("1.3# 1.2+ 1.1", "1.1"), "1.2 newest", "-"],
  ["what ran before would not start", facts("1.3 1.2# 1.1", "1.3", { ran: ["1.2"] }), "-", "1.1 next-lower"],
  ["detached", facts("1.3 1.2", null, { ran: ["1.2"] }), "1.3 newest", "-"],
];

describe("what the buttons offer", () => {
  it.each(CASES)("%s", (_, given, upgrade, rollback) => {
    const targets = chooseTargets(given);
    const text = (target: typeof targets.upgrade) => (target ? `${target.version.label} ${target.why}` : "-");
    expect([text(targets.upgrade), text(targets.rollback)]).toEqual([upgrade, rollback]);
  });
});

describe("what is worth opening", () => {
  it.each([
    [
      "the current, the way back and newer ones",
      facts("1.4? 1.3? 1.2? 1.1? 1.0?", "1.2"),
      ["1.2", "1.1", "1.4", "1.3"],
    ],
    ["newer ones until one is fit", facts("1.4! 1.3 1.2? 1.1", "1.1"), []],
    ["no pre-release", facts("2.0~rc1? 1.2? 1.1", "1.1"), ["1.2"]],
    ["bug: past a row of broken ones", facts("9! 8! 7! 6! 5? 4? 3", "3"), ["5", "4"]],
    ["the newest of a detached service", facts("1.2? 1.1?", null), ["1.2", "1.1"]],
  ])("%s", (_, given, expected) => {
    expect(worthInspecting(given).map((one) => one.label)).toEqual(expected);
  });

  it("bug: every version where somebody looks at the service, the useful ones first", () => {
    const given = facts("2.0~rc1? 1.4 1.3? 1.2? 1.1! 1.0?", "1.2");
    expect(worthInspecting(given, true).map((one) => one.label)).toEqual(["1.2", "1.0", "2.0~rc1", "1.3"]);
  });
});

describe("what is worth rehearsing", () => {
  it.each([
    ["where both buttons lead", facts("1.3 1.2 1.1", "1.2"), ["1.3", "1.1"]],
    ["the next one, when the newest would not start", facts("1.4# 1.3 1.2 1.1+", "1.2"), ["1.3"]],
    ["nothing that was not opened", facts("1.3? 1.2 1.1?", "1.2"), []],
    ["nothing twice", facts("1.3+ 1.2 1.1+", "1.2"), []],
  ])("%s", (_, given, labels) => {
    expect(worthRehearsing(given).map(({ label }) => label)).toEqual(labels);
  });

  describe("where somebody looks at the service", () => {
    beforeEach(() => {
      vi.useFakeTimers();
      vi.setSystemTime(NOW);
    });
    afterEach(() => {
      vi.useRealTimers();
    });
    it.each([
      [
        "bug: what would not start, which the host may have been mended for since",
        facts("1.4## 1.3 1.2 1.1##", "1.2"),
        ["1.3", "1.4", "1.1"],
      ],
      ["not what would not start a moment ago", facts("1.4# 1.3+ 1.2 1.1+", "1.2"), []],
      ["not what would mount", facts("1.3+ 1.2 1.1+", "1.2"), []],
      ["not what runs", facts("1.3+ 1.2##", "1.2"), []],
      ["a few of many", facts("9## 8## 7## 6## 5## 4+ 3", "3"), ["9", "8", "7", "6"]],
      ["no others once those have failed again", facts("9# 8# 7# 6# 5## 4+ 3", "3"), []],
    ])("%s", (_, given, labels) => {
      expect(worthRehearsing(given, true).map(({ label }) => label)).toEqual(labels);
    });
    it("and not while nobody does", () => {
      expect(worthRehearsing(facts("1.4## 1.3+ 1.2 1.1##", "1.2"))).toEqual([]);
    });
  });
});
