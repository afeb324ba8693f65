import { describe, expect, it } from "vitest";
import { unitName, unitPath } from "./unit-path";

const CASES: [string, string][] = [
  ["startpage.service", "startpage_2eservice"],
  ["foo_1.service", "foo_5f1_2eservice"],
  ["1st.socket", "_31st_2esocket"],
  ["a1.timer", "a1_2etimer"],
  ["worker@x-y.service", "worker_40x_2dy_2eservice"],
  ["dev-disk-by\\x2dlabel.device", "dev_2ddisk_2dby_5cx2dlabel_2edevice"],
  ["ä.service", "_c3_a4_2eservice"],
  ["", "_"],
];

describe("bus labels of units", () => {
  it.each(CASES)("%j ↔ %s", (name, label) => {
    const path = `/org/freedesktop/systemd1/unit/${label}`;
    expect(unitPath(name)).toBe(path);
    expect(unitName(path)).toBe(name);
  });

  it.each([
    "/org/freedesktop/systemd1",
    "/org/freedesktop/systemd1/unit",
    "/org/freedesktop/systemd1/unit/",
    "/org/freedesktop/systemd1/unit/a/b",
    "/org/freedesktop/systemd1/job/12",
  ])("%s is no unit", (path) => {
    expect(unitName(path)).toBeNull();
  });
});
