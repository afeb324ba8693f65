import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@/lib/errors";
import type { Systemd } from "@/lib/systemd/types";

const LOOK_MS = 200;

/** The bus is away, or was: what was asked may have been done or not. */
export function isOutage(error: unknown): boolean {
  return error instanceof AppError && error.code === "bus-unreachable";
}

/** Nobody answers, or refuses to: then the timer in PID 1 runs out, which is what it is for. */
export function ignoreOutage(error: unknown): void {
  if (!(error instanceof AppError)) throw error;
}

function isTimeout(error: unknown): boolean {
  return error instanceof AppError && error.code === "timed-out";
}

/** Resolves once PID 1 answers, however long that takes; meanwhile its timer may run out, which is what it is for. */
export async function untilReachable(systemd: Pick<Systemd, "version">): Promise<void> {
  for (;;) {
    try {
      await systemd.version();
      return;
    } catch (error) {
      if (!isOutage(error) && !isTimeout(error)) throw error; // PID 1 answers nothing while it reloads
      await sleep(LOOK_MS);
    }
  }
}

/** Does `work` again after each outage of the bus. */
export async function throughOutages<T>(
  systemd: Pick<Systemd, "version">,
  work: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isOutage(error)) throw error;
      await untilReachable(systemd);
    }
  }
}
