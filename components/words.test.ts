import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { PROBE_PROBLEMS } from "@/components/probe-words";
import { REHEARSALS, UNCHECKED } from "@/components/rehearsal-sentences";
import { ERRORS, FINDINGS, PROBLEM_CODES, PROBLEMS, REASONS, REFUSALS } from "@/components/sentences";
import {
  KIND_WORDS,
  MISSING,
  OUTCOME_WORDS,
  PHASE_WORDS,
  STATE_WORDS,
  say,
  sayRefusal,
  sayStep,
} from "@/components/words";
import { KINDS, OUTCOMES, PHASES, STEPS } from "@/lib/deploy/types";
import type { Message, Params } from "@/lib/errors";
import { SERVICE_STATES } from "@/lib/services/types";

/** Every parameter that any code carries. */
const PARAMS: Params = {
  service: "web",
  version: "1.2.0",
  path: "/srv/web/web_1.2.0.raw",
  paths: "/a, /b",
  reason: "EACCES",
  by: "anna",
  id: "01",
  expected: "1.0",
  actual: "1.1",
  layer: "/srv/web/themes_2.raw",
  field: "SYSEXT_LEVEL",
  wants: "2",
  has: "1",
  scope: "system",
  profile: "strict",
  prefix: "web",
  prefixes: "api",
  unit: "web.service",
  other: "webmail",
  result: "exit-code",
  status: 3,
  first: "unit-failed",
  kept: "/var/lib/attache/way-back/01.kept",
  second: "timed-out",
  services: "clock",
  now: "1.0",
  text: "text",
  name: "org.error",
  problem: "no-id",
  units: "web.service",
  missing: "web.socket",
  why: "image-problem",
  what: "space",
  count: 12,
  limit: 100,
  setting: "StateDirectory=",
  source: "/srv/x",
  user: "web",
  group: "web",
  line: "line",
  load: "error",
  address: "127.0.0.1:8081",
  afterMs: 2000,
  passes: 3,
  intervalMs: 5000,
  deadlineMs: 10_000,
  until: 1_800_000_000_000,
  file: "web.service",
  from: "1.0",
  to: "1.1",
};

describe("every code has words", () => {
  it.each(codesInSources())("of a source file: %s", (code) => {
    expect(say({ code, params: PARAMS })).not.toMatch(/No words are known/);
  });

  const tables = {
    ERRORS,
    REFUSALS,
    FINDINGS,
    PROBLEMS,
    PROBE_PROBLEMS,
    REASONS,
    REHEARSALS,
    UNCHECKED,
  };
  for (const [name, table] of Object.entries(tables))
    it.each(Object.keys(table))(`${name}: %s`, (code) => {
      const sentence = (table as Record<string, (p: (name: string) => string) => string>)[code]?.((key) =>
        String(PARAMS[key]),
      );
      expect(sentence).toMatch(/^.{8,}[.)?]$/);
      expect(sentence).not.toMatch(/undefined|\?\?|NaN/);
    });

  it.each(STEPS)("step: %s", (name) => {
    for (const direction of ["forward", "back"] as const)
      expect(sayStep({ name, direction, params: PARAMS })).toMatch(/^[A-Z].{3,}/);
  });

  it("states, outcomes, phases and kinds", () => {
    expect(SERVICE_STATES.every((state) => STATE_WORDS[state] !== "")).toBe(true);
    expect(OUTCOMES.every((outcome) => OUTCOME_WORDS[outcome] !== "")).toBe(true);
    expect(PHASES.every((phase) => PHASE_WORDS[phase] !== "")).toBe(true);
    expect(KINDS.every((kind) => KIND_WORDS[kind].noun !== "")).toBe(true);
    expect(Object.values(MISSING).every(({ command }) => command !== "")).toBe(true);
  });
});

describe("say", () => {
  const cases: [message: Message, words: string][] = [
    [{ code: "invented", params: { a: 1 } }, "No words are known for this yet: invented (a 1)."],
    [{ code: "toString", params: {} }, "No words are known for this yet: toString."],
    [
      { code: "unit-failed", params: { unit: "web.service", result: "exit-code", status: 3 } },
      "web.service failed. The program ended with code 3; see its log.",
    ],
    [{ code: "unit-failed", params: { unit: "web.service", result: "", status: 0 } }, "web.service failed."],
    [{ code: "unit-failed", params: { unit: "evil\u202e", result: "", status: 0 } }, "evil\\u202e failed."],
    [
      { code: "stale", params: { expected: "", actual: "1.1" } },
      "The host has moved on: this page showed no version, but 1.1 is attached now. Nothing was changed; look again and choose anew.",
    ],
  ];
  it.each(cases)("%j", (message, words) => {
    expect(say(message)).toBe(words);
  });

  const inner = [ERRORS, REASONS, REFUSALS].flatMap((table) => Object.keys(table));
  it.each(inner.filter((code) => code !== "could-not-go-back"))(
    "words the code %s inside another sentence, whatever is known of it",
    (code) => {
      for (const params of [{}, PARAMS]) {
        const words = say({ code: "could-not-go-back", params: { ...params, first: code, second: code } });
        expect(words).toMatch(
          /^What was asked for did not work: \S.+[.?] The way back did not work either: .+[.?] Nothing more/,
        );
        if (code.includes("-")) expect(words.replaceAll(/\S*\/\S*/g, "")).not.toContain(code);
        expect(words).not.toMatch(/\?[^ ]|undefined/);
      }
    },
  );

  it("gives the first failure in full and the second, whose parameters are not kept, in short", () => {
    const params = {
      first: "unit-failed",
      second: "unit-stopped",
      unit: "web.service",
      result: "exit-code",
      status: 3,
    };
    expect(
      say({ code: "could-not-go-back", params: { ...params, now: "1.0", units: "web.service failed" } }),
    ).toBe(
      "What was asked for did not work: web.service failed. The program ended with code 3; see its log. The way back did not work either: A unit did not stay up. Nothing more is tried; the steps tell how far it came.",
    );
  });

  it.each([
    [{ name: "ENOENT", text: "" }, "it cannot be opened: the file is gone. Put it back."],
    [{ name: "EMFILE", text: "" }, "it cannot be opened (EMFILE)."],
    [
      { name: "System.Error.EBUSY", text: "No free loop device." },
      "it cannot be opened, says portabled: “No free loop device”.",
    ],
    [{}, "it cannot be opened; was it moved, or are loop devices missing?"],
  ])("tells why an image cannot be opened: %j", (params, words) => {
    expect(say({ code: "cannot-open", params })).toBe(words);
  });

  it.each([
    [
      "bug: a link to nowhere needs no permission",
      "ENOENT",
      /^\/x\.raw is a link to something that is not there/,
    ],
    ["a file that may not be read does", "EACCES", /Let the user attache read it/],
  ])("%s", (_name, reason, words) => {
    expect(say({ code: "not-readable", params: { path: "/x.raw", reason } })).toMatch(words);
  });

  it("bug: tells a history that is not there yet from one that cannot be read", () => {
    expect(say({ code: "database", params: { problem: "missing" } })).toMatch(/^There is no history yet/);
    expect(say({ code: "database", params: { problem: "busy" } })).toMatch(/cannot be read/);
  });

  it("explains an image by what is wrong inside", () => {
    for (const problem of PROBLEM_CODES)
      expect(sayRefusal({ code: "image-problem", params: { path: "/x.raw", problem } })).toMatch(
        /^The image cannot be used: its? /,
      );
    expect(
      sayRefusal({ code: "image-problem", params: { path: "/x.raw", problem: "new-problem" } }),
    ).toContain("new-problem");
  });
});

/** Every code that is made anywhere below lib, by its spelling. */
function codesInSources(): string[] {
  const files = readdirSync("lib", { recursive: true, encoding: "utf8" }).filter(
    (name) => name.endsWith(".ts") && !/test\.ts$|^generated/.test(name),
  );
  const text = files.map((name) => readFileSync(`lib/${name}`, "utf8")).join("\n");
  const made = [
    ...text.matchAll(/(?:code: |fall\(|problem\(|fails\(|unchecked\(|failed\(|refuse\()"([a-z0-9-]+)"/g),
  ];
  return [...new Set(made.map(([, code = ""]) => code))].sort();
}
