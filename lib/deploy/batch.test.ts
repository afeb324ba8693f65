import { describe, expect, it } from "vitest";
import { createBatch, type Turn } from "@/lib/deploy/batch";

describe("createBatch", () => {
  it("reloads once, after the last of them is attached or out", async () => {
    const log: string[] = [];
    const turns = createBatch(["a", "b", "c"], false, async () => void log.push("reload"));
    const [a, b, c] = turns;
    const both = [a, b].map((turn) => turn?.reload().then(() => log.push("on")));
    await Promise.resolve();
    expect(log).toEqual([]);
    c?.end(false);
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
});

/** Every member does what a deployment does; one may fail at a point. */
function runAll(turns: readonly Turn[], failing: Readonly<Record<string, keyof Turn>>) {
  const restarted: string[] = [];
  const ends = turns.map(async (turn, index) => {
    const name = "abc"[index] ?? "";
    const failAt = (point: keyof Turn) => {
      if (failing[name] === point) throw new Error("failed");
    };
    try {
      await turn.begin();
      failAt("begin");
      await turn.reload();
      await turn.restart();
      failAt("restart");
      restarted.push(name);
      turn.end(true);
      return [name, "good"];
    } catch (error) {
      turn.end(false);
      return [
        name,
        error instanceof Error && error.message.startsWith("batch-stopped") ? "batch-stopped" : "failed",
      ];
    }
  });
  return { done: Promise.all(ends).then((all) => Object.fromEntries(all)), restarted };
}
