import { readFileSync } from "node:fs";

/** Mount point of the cgroup v2 tree. */
export function cgroup2(): string {
  const line = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .find((row) => row.includes(" - cgroup2 "));
  const point = line?.split(" ")[4];
  if (!point) throw new Error("cgroup2 is not mounted");
  return point;
}
