import { describe, expect, it } from "vitest";
import { judgeEvent, readMark, type StreamEvent, writeMark } from "@/components/live-events";

const up = { state: "up", since: 0, problem: null } as const;
const link = { bus: up, engine: up, seenAt: 0 };
const services = {
  type: "services",
  epoch: "a",
  failed: 0,
  changed: [],
  removed: [],
  hostChanged: false,
} as const;

describe("judgeEvent, for a page that shows a.7", () => {
  const cases: [why: string, event: StreamEvent, verdict: ReturnType<typeof judgeEvent>][] = [
    ["the next change", { ...services, from: 7, revision: 8 }, "apply"],
    ["a change that covers more than is missing", { ...services, from: 5, revision: 9 }, "apply"],
    ["a change that is known", { ...services, from: 6, revision: 7 }, "ignore"],
    ["a change after one that was missed", { ...services, from: 8, revision: 9 }, "missed"],
    ["a change of another server", { ...services, epoch: "b", from: 0, revision: 1 }, "missed"],
    ["a ping at the same mark", { type: "ping", epoch: "a", revision: 7, now: 0, seenAt: 0 }, "ignore"],
    ["a ping that is behind", { type: "ping", epoch: "a", revision: 6, now: 0, seenAt: 0 }, "ignore"],
    ["a ping that is ahead", { type: "ping", epoch: "a", revision: 8, now: 0, seenAt: 0 }, "missed"],
    ["a ping of another server", { type: "ping", epoch: "b", revision: 1, now: 0, seenAt: 0 }, "missed"],
    [
      "a hello with nothing new",
      { type: "hello", epoch: "a", revision: 7, now: 0, failed: 0, link, rows: null },
      "ignore",
    ],
    [
      "a hello to another tab",
      { type: "hello", epoch: "a", revision: 9, now: 0, failed: 0, link, rows: null },
      "missed",
    ],
    [
      "a hello with everything",
      { type: "hello", epoch: "b", revision: 1, now: 0, failed: 0, link, rows: [] },
      "apply",
    ],
  ];
  it.each(cases)("%s", (_why, event, verdict) => {
    expect(judgeEvent({ epoch: "a", revision: 7 }, event)).toBe(verdict);
  });
});

describe("mark", () => {
  it("survives an address", () => {
    const mark = { epoch: "2026.x-1", revision: 42 };
    expect(readMark(writeMark(mark))).toEqual(mark);
  });
  it.each([null, "", "x", "x.", ".5", "x.-1"])("refuses %j", (text) => {
    expect(readMark(text)).toBeNull();
  });
});
