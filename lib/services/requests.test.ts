import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ImageVersion } from "@/lib/images/types";
import { createRequests } from "@/lib/services/requests";
import type { TargetFacts } from "@/lib/services/targets";

let asked: string[] = [];
let isUp = true;
let requests: ReturnType<typeof createRequests>;

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  isUp = true;
  requests = createRequests(
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
  return { service, label: "1", path, kind: "raw", stamp, mode: 0o444, owner, inspection };
}

const facts = (service: string, isOpened = false, current: string | null = "1"): TargetFacts => ({
  versions: [version(service, isOpened)],
  current,
  failedLabels: new Set(),
  ranBefore: [],
  journalFiles: [],
});
const many = Array.from({ length: 100 }, (_, n) => `s${n}`);
const considerAll = () => {
  for (const service of many) requests.consider(service, facts(service));
};

describe("asking for images to be opened", () => {
  // A hundred questions at once were more than the engine had memory for.
  it("is done for a few services at a time, the next when one is answered", () => {
    considerAll();
    expect(asked).toEqual(["s0 1", "s1 1", "s2 1", "s3 1"]);
    requests.consider("s2", facts("s2", true));
    requests.consider("s2", facts("s2", true));
    expect(asked.slice(4)).toEqual(["s4 1"]);
  });

  it("goes on without an answer after a while, and does not ask for the same again", () => {
    considerAll();
    vi.advanceTimersByTime(10_000);
    considerAll();
    expect(asked.slice(4)).toEqual(["s4 1", "s5 1", "s6 1", "s7 1"]);
  });

  it("begins with what somebody looks at, then what is attached", () => {
    isUp = false;
    requests.consider("detached", facts("detached", false, null));
    requests.consider("attached", facts("attached"));
    requests.consider("viewed", facts("viewed", false, null));
    requests.look("viewed");
    expect(asked).toEqual([]);
    isUp = true;
    requests.startAgain();
    requests.consider("new", facts("new"));
    expect(asked.map((text) => text.split(" ")[0])).toEqual(["viewed", "attached", "new", "detached"]);
  });

  it("begins again with a new engine, a few at a time, leaving out what is known", () => {
    considerAll();
    requests.consider("s0", facts("s0", true));
    asked = [];
    requests.startAgain();
    for (const service of many) requests.consider(service, facts(service, service === "s0"));
    expect(asked).toHaveLength(4);
    expect(asked).not.toContain("s0 1");
  });

  it("does not wait for a service that is no more", () => {
    considerAll();
    requests.forget("s1");
    expect(asked.at(-1)).toBe("s4 1");
  });
});
