import { describe, expect, it } from "vitest";
import type { HostLink, StreamEvent } from "@/components/live-events";
import { concerns, isOtherLink } from "@/components/live-interest";

const services = (over: Partial<Extract<StreamEvent, { type: "services" }>>): StreamEvent => ({
  type: "services",
  epoch: "e",
  revision: 2,
  from: 1,
  failed: 0,
  changed: [],
  removed: [],
  hostChanged: false,
  ...over,
});

describe("concerns", () => {
  it.each([
    [
      "bug: the page of a service learns what the host lacks",
      services({ hostChanged: true }),
      { service: "web", host: "facts" },
      true,
    ],
    ["its own service", services({ removed: ["web"] }), { service: "web", host: "facts" }, true],
    ["another service", services({ removed: ["db"] }), { service: "web", host: "facts" }, false],
    ["any service", services({}), { host: "services" }, true],
    ["facts alone", services({ removed: ["db"] }), { host: "facts" }, false],
  ] as const)("%s", (_name, event, interest, is) => {
    expect(concerns(event, interest)).toBe(is);
  });
});

describe("isOtherLink", () => {
  const link = (code: string | null): HostLink => ({
    bus: { state: "up", since: 0, problem: null },
    engine: { state: "down", since: 0, problem: code === null ? null : { code, params: {} } },
    seenAt: 0,
  });
  it.each([
    ["the same", "engine-away", "engine-away", false],
    ["bug: down for another reason", "engine-away", "engine-not-starting", true],
    ["a reason that went", "engine-away", null, true],
  ])("%s", (_name, before, after, is) => {
    expect(isOtherLink(link(before), link(after))).toBe(is);
  });
});
