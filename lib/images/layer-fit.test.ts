import { describe, expect, it } from "vitest";
import { layerFault } from "@/lib/images/layer-fit";

const BASE = { ID: "demo", VERSION_ID: "4", SYSEXT_LEVEL: "1" };

describe("whether an extension fits, as systemd decides it", () => {
  it.each([
    ["the same level, whatever the versions", BASE, { ID: "demo", VERSION_ID: "9", SYSEXT_LEVEL: "1" }, null],
    ["another level", BASE, { ID: "demo", VERSION_ID: "4", SYSEXT_LEVEL: "2" }, "SYSEXT_LEVEL"],
    ["another system", BASE, { ID: "other", SYSEXT_LEVEL: "1" }, "ID"],
    ["no system", BASE, { SYSEXT_LEVEL: "1" }, "ID"],
    ["any system", BASE, { ID: "_any" }, null],
    [
      "a system that the base is like",
      { ...BASE, ID_LIKE: "x debian" },
      { ID: "debian", VERSION_ID: "4" },
      null,
    ],
    ["the same version, where only one declares a level", BASE, { ID: "demo", VERSION_ID: "4" }, null],
    ["another version, where only one declares a level", BASE, { ID: "demo", VERSION_ID: "5" }, "VERSION_ID"],
    ["a rolling base", { ID: "demo" }, { ID: "demo", VERSION_ID: "5" }, null],
    ["a level for settings", { ...BASE, CONFEXT_LEVEL: "7" }, { ID: "demo", CONFEXT_LEVEL: "7" }, null],
  ])("%s", (_name, base, extension, field) => {
    expect(layerFault(base, extension)?.params.field ?? null).toBe(field);
  });

  it("one that is for other purposes does not", () => {
    const fault = layerFault(BASE, { ...BASE, SYSEXT_SCOPE: "initrd system" });
    expect(fault).toEqual({ code: "layer-scope", params: { scope: "initrd system" } });
    expect(layerFault(BASE, { ...BASE, SYSEXT_SCOPE: "system portable" })).toBeNull();
  });
});
