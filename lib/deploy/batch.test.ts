import { describe, expect, it } from "vitest";
import { createBatch, type Turn } from "@/lib/deploy/batch";

const NEVER = new AbortController().signal;

describe("createBatch", () => {
  it("reloads once, after the last of them is attached or out", async () => {
    const log: string[] = [];
    const turns = createBatch(["a", "b", "c"], false, async () => void log.push("reload"));
    const [a, b, c] = turns;
    const both = [a, b].map((turn) => turn?.reload(NEVER).then(() => log.push("on")));
    await Promise.resolve();
    expect(log).toEqual([]);
    c?.end("bad");
    await Promise.all(both);
    expect(log).toEqual(["reload", "on", "on"]);
  });

  it("goes on without the one that failed", async () => {
    const { done } = runAll(
      createBatch(["a", "b", "c"], false, async () => undefined),
      { b: "restart" },
    );
    expect(await done).toEqual({ a: "good", b: "failed", c: "good" });
  });

  it.each([
    ["before it changed anything", "begin", { a: "good", b: "failed", c: "batch-stopped" }],
    ["when it was restarted", "restart", { a: "good", b: "failed", c: "batch-stopped" }],
  ] as const)("stops behind the one that failed %s, and names it", async (_name, at, expected) => {
    const { done, restarted } = runAll(
      createBatch(["a", "b", "c"], true, async () => undefined),
      { b: at },
    );
    expect(await done).toEqual(expected);
    expect(restarted).not.toContain("c");
  });

  it.each([
    [true, { code: "batch-undecided", params: { service: "a" } }],
    [false, "on"],
  ] as const)(
    "bug: one that nobody can tell of yet held the others (stop at failure: %s)",
    async (isStopping, expected) => {
      const { a, b } = twoOf(createBatch(["a", "b"], isStopping, async () => undefined));
      await Promise.all([a.reload(NEVER), b.reload(NEVER)]);
      const restarted = heard(b.restart(NEVER));
      a.end("undecided");
      expect(await restarted).toEqual(expected);
    },
  );

  it("bug: one that was cancelled went on waiting for its turn", async () => {
    const { b } = twoOf(createBatch(["a", "b"], true, async () => undefined));
    expect(await heard(b.begin(AbortSignal.abort("ada")))).toBe("on");
  });

  it.each([
    ["the reload", "reload", true],
    ["the reload, where the others go on in any case,", "reload", false],
    ["its restart", "restart", true],
  ] as const)("bug: one that was sent back went on waiting for %s", async (_name, at, isStopping) => {
    const back = new AbortController();
    const log: string[] = [];
    const [a, b, c] = createBatch(["a", "b", "c"], isStopping, async () => void log.push("reload"));
    if (!a || !b || !c) throw new Error("three");
    const others = at === "restart" ? [a.reload(NEVER), c.reload(NEVER)] : [];
    const left = heard(b.reload(back.signal).then(() => b.restart(back.signal)));
    await Promise.all(others);
    back.abort("ada");
    expect(await left).toEqual({ code: "sent-back", params: { by: "ada" } });
    b.end("bad");

    await Promise.all(at === "reload" ? [a.reload(NEVER), c.reload(NEVER)] : []);
    expect(log).toEqual(["reload"]);
    const last = heard(c.restart(NEVER));
    await a.restart(NEVER);
    a.end("good");
    expect(await last).toBe("on");
  });
});

function twoOf([a, b]: readonly Turn[]) {
  if (!a || !b) throw new Error("two");
  return { a, b };
}

/** How a wait ended: why it threw, or `on`. */
function heard(wait: Promise<void>) {
  return wait.then(
    () => "on",
    (error: { why?: unknown }) => error.why,
  );
}

/** Every member does what a deployment does; one may fail at a point. */
function runAll(turns: readonly Turn[], failing: Readonly<Record<string, keyof Turn>>) {
  const restarted: string[] = [];
  const ends = turns.map(async (turn, index) => {
    const name = "abc"[index] ?? "";
    const failAt = (point: keyof Turn) => {
      if (failing[name] === point) throw new Error("failed");
    };
    try {
      await turn.begin(NEVER);
      failAt("begin");
      await turn.reload(NEVER);
      await turn.restart(NEVER);
      failAt("restart");
      restarted.push(name);
      turn.end("good");
      return [name, "good"];
    } catch (error) {
      turn.end("bad");
      return [
        name,
        error instanceof Error && error.message.startsWith("batch-stopped") ? "batch-stopped" : "failed",
      ];
    }
  });
  return { done: Promise.all(ends).then((all) => Object.fromEntries(all)), restarted };
}
