import { describe, expect, it } from "vitest";
import { mainUnit, serviceState } from "@/lib/services/state";
import type { ServiceState } from "@/lib/services/types";

/** "page.service active/running" → a unit; the load state may follow. */
function unit(text: string) {
  const [name = "", states = "", load = "loaded"] = text.split(" ");
  const [active = "", sub = ""] = states.split("/");
  return { name, active, sub, load };
}

const CASES: readonly (readonly [string, readonly string[], ServiceState, string | null])[] = [
  ["runs", ["page.service active/running"], "running", "page.service"],
  ["runs and did its work", ["page.service active/exited"], "running", "page.service"],
  ["reloads", ["page.service reloading/reload"], "running", "page.service"],
  ["stopped on purpose", ["page.service inactive/dead"], "stopped", "page.service"],
  ["failed", ["page.service failed/failed"], "failed", "page.service"],
  ["starts", ["page.service activating/start"], "starting", "page.service"],
  ["crash loop", ["page.service activating/auto-restart"], "failed", "page.service"],
  ["crash loop, newer word", ["page.service activating/auto-restart-queued"], "failed", "page.service"],
  ["stops", ["page.service deactivating/stop-sigterm"], "stopping", "page.service"],
  ["socket waits", ["page.service inactive/dead", "page.socket active/listening"], "waiting", "page.socket"],
  [
    "socket and service run",
    ["page.service active/running", "page.socket active/running"],
    "running",
    "page.service",
  ],
  ["timer waits", ["page.service inactive/dead", "page.timer active/waiting"], "waiting", "page.timer"],
  [
    "timer waits, its oneshot failed",
    ["page.service failed/failed", "page.timer active/waiting"],
    "failed",
    "page.service",
  ],
  [
    "one of two failed",
    ["page.service active/running", "side.service failed/failed"],
    "failed",
    "side.service",
  ],
  [
    "only the other runs",
    ["page.service inactive/dead", "side.service active/running"],
    "running",
    "page.service",
  ],
  ["its unit file is broken", ["page.service inactive/dead bad-setting"], "failed", "page.service"],
  ["masked", ["page.service inactive/dead masked"], "stopped", "page.service"],
  ["not yet reloaded", ["page.service inactive/dead not-found"], "stopped", "page.service"],
  ["only a target", ["page.target active/active"], "running", "page.target"],
  ["a template without instances", ["page@.service unknown/"], "stopped", null],
  [
    "a template with an instance",
    ["page@.service unknown/", "page@1.service active/running"],
    "running",
    "page@1.service",
  ],
  ["never asked", ["page.service unknown/"], "unknown", "page.service"],
];

describe("the state of a service", () => {
  it.each(CASES)("%s", (_, texts, state, main) => {
    const units = texts.map(unit);
    expect(serviceState(units, true)).toBe(state);
    expect(mainUnit("page", units)?.name ?? null).toBe(main);
  });

  it("is detached without an attached image", () => {
    expect(serviceState([], false)).toBe("detached");
  });
});
