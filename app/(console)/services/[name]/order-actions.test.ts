import { beforeEach, describe, expect, it, vi } from "vitest";
import { setHealth } from "@/app/(console)/services/[name]/order-actions";
import { fieldName, type HealthAnswer } from "@/components/health-text";
import { AppError } from "@/lib/errors";

const { engine, requireActor } = vi.hoisted(() => ({ engine: vi.fn(), requireActor: vi.fn() }));
vi.mock("next/cache", () => ({ refresh: () => undefined }));
vi.mock("@/lib/live", () => ({ live: () => ({ engine }) }));
vi.mock("@/lib/auth/session", () => ({ requireActor }));

beforeEach(() => {
  engine
    .mockReset()
    .mockImplementation(async (method: string) =>
      method === "TryHealth" ? { answers: [{ result: "fail" }] } : {},
    );
  requireActor.mockReset().mockResolvedValue({ name: "anna" });
});

/** The form as the browser sends it, `tried` included. */
function press(wish: "try" | "save", address: string, previous: HealthAnswer | null = null) {
  const form = new FormData();
  const fields = { service: "web", settle: "5", do: wish, tried: previous?.tried ?? "" };
  for (const [name, value] of Object.entries({ ...fields, [fieldName(0, "address")]: address }))
    form.set(name, value);
  return setHealth(previous, form);
}
const asked = () => engine.mock.calls.map(([method]) => method);

describe("setting what a version has to show", () => {
  it.each([
    ["an address that is none", "somewhere"],
    ["a good one that was not tried", "127.0.0.1:80"],
  ])("bug: was judged before anybody asked for a session: %s", async (_name, address) => {
    requireActor.mockRejectedValue(new AppError("unauthenticated"));
    for (const wish of ["try", "save"] as const)
      expect(await press(wish, address)).toMatchObject({
        error: { code: "unauthenticated" },
        isSaved: false,
        typed: { probes: expect.arrayContaining([expect.objectContaining({ address })]) },
      });
    expect(asked()).toEqual([]);
  });

  it("wants a try first, and is saved then, whatever came of it; what was answered stays beside it", async () => {
    const first = await press("save", "127.0.0.1:80");
    expect(first).toMatchObject({ error: { code: "try-first" }, isSaved: false });
    const tried = await press("try", "127.0.0.1:80", first);
    expect(tried).toMatchObject({ error: null, answers: [{ result: "fail" }, ...Array(4).fill(null)] });
    const other = await press("save", "127.0.0.1:81", tried);
    expect(other).toMatchObject({ error: { code: "try-first" }, answers: [] });
    expect(await press("save", "127.0.0.1:80", tried)).toMatchObject({
      isSaved: true,
      error: null,
      answers: tried.answers,
    });
    expect(asked()).toEqual(["TryHealth", "SetHealth"]);
    expect(engine.mock.lastCall?.[1]).toMatchObject({ service: "web", by: "anna" });
  });

  it("is saved untried where nothing runs that could be asked", async () => {
    engine.mockRejectedValueOnce(new AppError("refused", { refusal: "not-running", service: "web" }));
    const stopped = await press("try", "127.0.0.1:80");
    expect(stopped).toMatchObject({ error: { code: "not-running" } });
    expect(await press("save", "127.0.0.1:80", stopped)).toMatchObject({ isSaved: true });
  });

  it("needs no try without a probe", async () => {
    expect(await press("save", "")).toMatchObject({ isSaved: true });
  });

  it.each([
    ["somewhere", "probe-address"],
    ["127.0.0.1:99999", "probe-address"],
  ])("refuses %s", async (address, code) => {
    expect(await press("try", address)).toMatchObject({ error: { code } });
    expect(asked()).toEqual([]);
  });
});
