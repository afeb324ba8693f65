import { describe, expect, it } from "vitest";
import { decideRecovery } from "@/lib/deploy/recover";

describe("decideRecovery: stage × what the host shows", () => {
  it.each([
    ["upgrade", "planned", "old", "forget"],
    ["upgrade", "switching", "old", "forget"],
    ["upgrade", "switching", "new", "finish"],
    ["upgrade", "switching", "nothing", "go-back"],
    ["upgrade", "switching", "other", "ask"],
    ["upgrade", "trial", "new", "resume-trial"],
    ["upgrade", "trial", "old", "go-back"],
    ["upgrade", "trial", "other", "ask"],
    ["upgrade", "trial", "nothing", "ask"],
    ["rollback", "going-back", "old", "go-back"],
    ["rollback", "going-back", "new", "go-back"],
    ["rollback", "going-back", "nothing", "go-back"],
    ["attach", "switching", "new", "finish"],
    ["detach", "switching", "old", "go-back"],
    ["detach", "switching", "new", "finish-detach"],
    ["restart", "switching", "old", "look-again"],
    ["restart", "switching", "other", "ask"],
    ["reattach", "planned", "old", "forget"],
    ["reattach", "switching", "old", "go-back"],
    ["reattach", "switching", "new", "finish"],
    ["reattach", "switching", "nothing", "go-back"],
  ] as const)("%s, %s, %s: %s", (kind, stage, found, action) => {
    expect(decideRecovery(kind, stage, found)).toBe(action);
  });
});
