import { describe, expect, it } from "vitest";
import { parseJournal, toJournalLine } from "./journal-entry";

const AT = "1764000000123456";

describe("toJournalLine", () => {
  it.each([
    ["a text", "hello", "hello"],
    ["bytes", [104, 105, 27, 91], "hi\u001b["],
    ["bytes that are no UTF-8", [0xff, 97], "\ufffda"],
    ["a field too long for journalctl", null, "…"],
    ["several of them", ["one", "two"], "one two"],
    ["several, one of them in bytes", ["one", [116]], "one t"],
    ["none", undefined, ""],
    ["something else", { a: 1 }, ""],
  ])("words of %s", (_, message, expected) => {
    expect(toJournalLine({ __REALTIME_TIMESTAMP: AT, MESSAGE: message }, "a.service")).toEqual({
      at: 1764000000123,
      priority: 6,
      unit: "a.service",
      text: expected,
    });
  });

  it.each([
    ["3", 3],
    ["0", 0],
    ["8", 6],
    ["-1", 6],
    ["", 6],
    ["x", 6],
    [undefined, 6],
    [["3", "4"], 6],
  ])("priority %j is %i", (priority, expected) => {
    const entry = { __REALTIME_TIMESTAMP: AT, MESSAGE: "", PRIORITY: priority };
    expect(toJournalLine(entry, "a.service").priority).toBe(expected);
  });

  it.each([
    ["letters", "a".repeat(5000), 4096],
    ["characters of three bytes", "€".repeat(2000), 4095],
    ["characters of four bytes", "😀".repeat(2000), 4095],
  ])("caps %s without breaking one", (_, message, bytes) => {
    const { text } = toJournalLine({ __REALTIME_TIMESTAMP: AT, MESSAGE: message }, "a.service");
    expect(Buffer.byteLength(text)).toBe(bytes);
    expect(text).not.toContain("\ufffd");
    expect(text.endsWith("…")).toBe(true);
  });
});

describe("parseJournal", () => {
  it.each([
    ["nothing", "", 0],
    ["two entries", '{"a":1}\n{"a":2}\n', 2],
    ["a last line cut off", '{"a":1}\n{"a":', 1],
    ["lines that are no entries", '[]\nnull\n"x"\n{}\n', 1],
  ])("of %s", (_, output, count) => {
    expect(parseJournal(output)).toHaveLength(count);
  });
});
