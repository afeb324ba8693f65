import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ImageVersion } from "@/lib/images/types";
import { createRequests, TO_BE_OPENED, TO_BE_REHEARSED } from "@/lib/services/requests";
import type { TargetFacts } from "@/lib/services/targets";

let asked: string[] = [];
let isUp = true;
let requests: ReturnType<typeof createRequests>;

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  isUp = true;
  requests = createRequests(
    TO_BE_OPENED,
    { request: (service, labels) => asked.push(`${service} ${labels.join(" ")}`) },
    () => isUp,
    () => undefined,
  );
});
afterEach(() => {
  requests.close();
  vi.useRealTimers();
});

function version(service: string, isOpened: boolean): ImageVersion {
  const path = `/srv/${service}_1.raw`;
  const stamp = { dev: 1, ino: 1, size: 1, mtimeMs: 0 };
  const facts = { osRelease: { ID: "x" }, prefixes: [], units: [] };
  const inspection = isOpened ? ({ path, stamp, at: 0, ok: true, facts } as const) : null;
  const owner = { uid: 0, gid: 0, user: null, group: null };
  return { service, label: "1", path, kind: "raw", stamp, mode: 0o444, owner, inspection, rehearsal: null };
}

const facts = (service: string, isOpened = false, current: string | null = "1"): TargetFacts => ({
  versions: [version(service, isOpened)],
  current,
  marked: new Set(),
  ranBefore: [],
  journalFiles: [],
});
const many = Array.from({ length: 100 }, (_, n) => `s${n}`);
const consider = (...services: TargetFacts[]) => {
  for (const one of services) requests.consider(one.versions[0]?.service ?? "", one);
  vi.advanceTimersByTime(0);
};
const considerAll = () => consider(...many.map((service) => facts(service)));

describe("asking for images to be opened", () => {
  // A hundred questions at once were more than the engine had memory for.
  it("is done for a few services at a time, the next when one is answered", () => {
    considerAll();
    expect(asked).toEqual(["s0 1", "s1 1", "s2 1", "s3 1"]);
    consider(facts("s2", true));
    consider(facts("s2", true));
    expect(asked.slice(4)).toEqual(["s4 1"]);
  });

  it("goes on without an answer after a while, and does not ask for the same again", () => {
    considerAll();
    vi.advanceTimersByTime(10_000);
    considerAll();
    expect(asked.slice(4)).toEqual(["s4 1", "s5 1", "s6 1", "s7 1"]);
  });

  it("begins with what somebody looks at, then what is attached", () => {
    requests.look("viewed");
    consider(facts("detached", false, null), facts("attached"), facts("viewed", false, null));
    expect(asked).toEqual(["viewed 1", "attached 1", "detached 1"]);
  });

  it("bug: does not stop at a row of broken ones, and opens all of what somebody looks at, four at a time", () => {
    const labels = Array.from({ length: 9 }, (_, n) => String(9 - n));
    const files = (opened: readonly string[], problem: string | null): TargetFacts => ({
      ...facts("web", false, null),
      versions: labels.map((label) => {
        const one = { ...version("web", opened.includes(label)), label, path: `/srv/web_${label}.raw` };
        const { inspection } = one;
        return problem === null || !inspection
          ? one
          : { ...one, inspection: { ...inspection, ok: false, problem: { code: problem, params: {} } } };
      }),
    });
    consider(files([], null));
    consider(files(["9", "8", "7", "6"], "no-id"));
    expect(asked).toEqual(["web 9 8 7 6", "web 5 4 3 2"]);
    consider(files(labels.slice(0, 8), null));
    expect(asked).toHaveLength(2); // the newest is fit
    requests.look("web");
    consider(files(labels.slice(0, 8), null));
    expect(asked.at(-1)).toBe("web 1");
  });

  it("waits for the engine", () => {
    isUp = false;
    considerAll();
    expect(asked).toEqual([]);
    isUp = true;
    requests.startAgain();
    considerAll();
    expect(asked).toHaveLength(4);
  });

  it("begins again with a new engine, a few at a time, leaving out what is known", () => {
    considerAll();
    asked = [];
    requests.startAgain();
    consider(...many.map((service) => facts(service, service === "s0")));
    expect(asked).toHaveLength(4);
    expect(asked).not.toContain("s0 1");
  });

  it("does not wait for a service that is no more", () => {
    considerAll();
    requests.forget("s1");
    expect(asked.at(-1)).toBe("s4 1");
  });
});

describe("asking for a rehearsal of what would not start", () => {
  const BAD = { code: "host-lacks-path", params: {} };
  const failed = (at: number): TargetFacts => {
    const one = version("web", true);
    const { path, stamp } = one;
    const rehearsal = { path, stamp, key: "", at, verdict: "would-not-start", problem: BAD } as const;
    return { ...facts("web", true, null), versions: [{ ...one, rehearsal }] };
  };
  beforeEach(() => {
    requests.close();
    requests = createRequests(
      TO_BE_REHEARSED,
      { request: (service, labels) => asked.push(`${service} ${labels.join(" ")}`) },
      () => true,
      () => undefined,
    );
  });

  it("bug: is done again a minute later, once per answer, and only where somebody looks", () => {
    const first = Date.now();
    vi.advanceTimersByTime(61_000);
    consider(failed(first));
    expect(asked).toEqual([]);
    requests.look("web");
    consider(failed(first));
    expect(asked).toEqual(["web 1"]);
    // Looking on, with and without an answer, asks for nothing more.
    consider(failed(first));
    vi.advanceTimersByTime(20_000);
    consider(failed(first));
    requests.look("web");
    const second = Date.now();
    consider(failed(second));
    consider(failed(second));
    expect(asked).toEqual(["web 1"]);
    vi.advanceTimersByTime(61_000);
    requests.look("web");
    consider(failed(second));
    expect(asked).toEqual(["web 1", "web 1"]);
  });
});
