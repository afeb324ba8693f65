import { describe, expect, it } from "vitest";
import { SetReason } from "@/app/(console)/schemas";

const deployment = "01HZZZZZZZZZZZZZZZZZZZZZZZ";

describe("a reason", () => {
  it.each([
    ["bug: lines as a browser sends them", "one\r\ntwo\r\n", "one\ntwo"],
    ["lines as they were typed", " one\ntwo", "one\ntwo"],
    ["the longest, each line end counted once", "a\r\n".repeat(1000), "a\n".repeat(1000).trim()],
  ])("%s", (_name, sent, kept) => {
    expect(SetReason.parse({ deployment, reason: sent }).reason).toBe(kept);
  });

  it("that is too long is not cut in silence", () => {
    expect(SetReason.safeParse({ deployment, reason: "a".repeat(2001) }).success).toBe(false);
  });
});
