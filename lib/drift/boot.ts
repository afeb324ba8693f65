import { readFileSync } from "node:fs";
import type { AttachedState, Known } from "@/lib/drift/types";

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

/** What is left of it in this boot: an attachment below /run ended with its own. */
export function sinceBoot<T extends Known>(known: T, boot: string): T {
  const hasEnded = (state: Pick<AttachedState, "location" | "boot"> | null) =>
    state?.location === "runtime" && state.boot !== boot;
  if (!hasEnded(known.deployed) && !hasEnded(known.seen)) return known;
  return {
    ...known,
    deployed: hasEnded(known.deployed) ? null : known.deployed,
    seen: hasEnded(known.seen) ? null : known.seen,
  };
}
