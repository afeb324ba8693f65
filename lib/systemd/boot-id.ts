import { readFileSync } from "node:fs";

/**
 * One name for each boot. The start of PID 1 is a part of it, since a container
 * that is started anew has the kernel's id of before; its unit is ticks since
 * the kernel started, so that no change of the clock moves it.
 * https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html, field 22
 */
export function readBootId(): string {
  const kernel = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  const afterName = readFileSync("/proc/1/stat", "utf8").split(") ").at(-1) ?? "";
  return `${kernel} ${afterName.split(" ")[19] ?? ""}`;
}
