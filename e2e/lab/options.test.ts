import { describe, expect, it } from "vitest";
import { parseOptions } from "./options";

const NOTHING = { suite: "trixie", port: undefined, empty: false, keep: false, bare: false, words: [] };

describe("parseOptions", () => {
  it.each([
    ["", NOTHING],
    ["--suite forky --port 9000", { ...NOTHING, suite: "forky", port: 9000 }],
    ["web --keep --empty", { ...NOTHING, keep: true, empty: true, words: ["web"] }],
    ["web -- ls --port", { ...NOTHING, words: ["web", "ls", "--port"] }],
  ])("understands %j", (line, options) => {
    expect(parseOptions(line.split(" ").filter(Boolean))).toEqual(options);
  });

  it.each([
    ["--suite sid", "--suite takes"],
    ["--suite", "--suite takes"],
    ["--port 80", "--port takes"],
    ["--port x", "--port takes"],
    ["--sweet", "unknown option --sweet"],
  ])("refuses %j", (line, problem) => {
    expect(() => parseOptions(line.split(" "))).toThrow(problem);
  });
});
