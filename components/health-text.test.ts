import { describe, expect, it } from "vitest";
import { fieldName, readTyped, toHealth, toTyped } from "@/components/health-text";
import { type Health, HealthSchema } from "@/lib/health/types";

const HEALTH: Health = {
  settleMs: 5000,
  probes: [
    {
      kind: "http",
      url: "http://127.0.0.1:8081/",
      status: 204,
      text: "up",
      intervalMs: 500,
      passes: 3,
      deadlineMs: 9000,
    },
    { kind: "tcp", host: "::1", port: 80, intervalMs: 1000, passes: 2, deadlineMs: 30_000 },
    { kind: "unix", path: "/run/web.sock", intervalMs: 1000, passes: 1, deadlineMs: 30_000 },
  ],
};

describe("the form of the health checks", () => {
  it("shows what is set and reads it back, through the form", () => {
    const typed = toTyped(HEALTH);
    expect(toHealth(typed)).toEqual({ health: HEALTH });
    const form = new FormData();
    form.set("settle", typed.settle);
    for (const [n, probe] of typed.probes.entries())
      for (const [field, value] of Object.entries(probe))
        form.set(fieldName(n, field as keyof typeof probe), value);
    expect(toHealth(readTyped(form))).toEqual({ health: HEALTH });
  });

  it.each([
    [
      "nothing but an address",
      { address: "127.0.0.1:80" },
      { kind: "tcp", intervalMs: 1000, passes: 2, deadlineMs: 30_000 },
    ],
    ["blanks around it", { address: "  /run/x " }, { kind: "unix", path: "/run/x" }],
  ])("takes %s", (_name, fields, expected) => {
    const form = new FormData();
    form.set("settle", "5");
    for (const [field, value] of Object.entries(fields)) form.set(`probe-4-${field}`, value);
    expect(toHealth(readTyped(form))).toMatchObject({ health: { probes: [expected] } });
  });

  it("names an address that is none, and leaves numbers to the schema", () => {
    const typed = toTyped(HEALTH);
    const [first] = typed.probes;
    if (!first) throw new Error("no probe");
    expect(toHealth({ ...typed, probes: [{ ...first, address: "somewhere" }] })).toEqual({
      error: { code: "probe-address", params: { address: "somewhere" } },
    });
    const odd = toHealth({ ...typed, probes: [{ ...first, passes: "many" }] });
    expect("health" in odd && HealthSchema.safeParse(odd.health).success).toBe(false);
  });
});
