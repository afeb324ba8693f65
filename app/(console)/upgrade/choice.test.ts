import { describe, expect, it } from "vitest";
import { firstChoice, readChoice, sizeProblem } from "@/app/(console)/upgrade/choice";
import { say } from "@/components/words";

const row = (target: string, refusal: string | null = null) => ({ target, refusal });

describe("how the page comes", () => {
  it("with all that can be chosen", () => {
    expect(firstChoice([row("a"), row("b", "It is frozen."), row("c")], 100)).toEqual({
      targets: ["a", "c"],
      onFailure: "stop",
      reason: "",
    });
  });

  it("bug: with more than can be begun at once, only as many as can", () => {
    const rows = [row("refused", "It is frozen."), ...Array.from({ length: 101 }, (_, n) => row(`s${n}`))];
    const { targets } = firstChoice(rows, 100);
    expect([targets.length, targets[0], targets.at(-1)]).toEqual([100, "s0", "s99"]);
  });
});

describe("how many", () => {
  it.each([
    [0, "Choose at least one service."],
    [1, null],
    [100, null],
    [101, "101 services are chosen, but only 100 can be begun at once. Leave some out: they can follow."],
  ])("%i", (count, words) => {
    const problem = sizeProblem(count, 100);
    expect(problem && say(problem)).toBe(words);
  });
});

describe("what was sent", () => {
  const sent = (...fields: [string, string][]) => {
    const form = new FormData();
    for (const [name, value] of fields) form.append(name, value);
    return readChoice(form);
  };

  it("is read as it was chosen", () => {
    expect(
      sent(["targets", "a/2/1"], ["targets", "b/2/1"], ["onFailure", "go-on"], ["reason", "one\r\ntwo "]),
    ).toEqual({ targets: ["a/2/1", "b/2/1"], onFailure: "go-on", reason: "one\ntwo " });
  });

  it("is nothing where nothing was", () => {
    expect(sent()).toEqual({ targets: [], onFailure: "stop", reason: "" });
  });
});
