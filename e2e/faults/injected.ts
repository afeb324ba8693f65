import { AppError } from "@/lib/errors";
import type { Systemd } from "@/lib/systemd/types";
import type { Injection } from "./plan";

export interface Injector {
  readonly wrap: (real: Systemd) => Systemd;
  /** The next call fails so. */
  readonly next: (injection: Injection) => void;
}

/** A real host of which one answer is replaced. */
export function createInjector(said: { called(method: string): void; struck(by: string): void }): Injector {
  let pending: Injection | null = null;
  const strike = async (method: string, work: () => Promise<unknown>): Promise<unknown> => {
    said.called(method);
    const injection = pending;
    // It goes before each job and may be refused: the job itself is what is to fail.
    if (!injection || method === "resetFailed") return work();
    pending = null;
    said.struck(`${injection} ${method}`);
    if (injection === "no-reply") await work().catch(() => undefined); // whatever it said, nobody heard it
    throw errorOf(injection);
  };
  return {
    wrap: (real) => mapMethods(real, strike),
    next: (injection) => {
      pending = injection;
    },
  };
}

/** As `lib/systemd` reports them: see `Systemd`. */
function errorOf(injection: Injection): AppError {
  const failed = (name: string, text: string) => new AppError("call-failed", { name, text });
  switch (injection) {
    case "refused":
      return failed("org.freedesktop.DBus.Error.AccessDenied", "Access denied");
    case "timed-out":
      return new AppError("timed-out", {});
    case "no-reply":
      return failed("org.freedesktop.DBus.Error.NoReply", "Remote peer disconnected");
    case "no-space":
      return failed("System.Error.ENOSPC", "No space left on device");
    case "io-error":
      return failed("System.Error.EIO", "Input/output error");
    default:
      return injection satisfies never;
  }
}

/** Safe because each method is replaced by one that takes and returns the same, and nothing else is in `Systemd`. */
function mapMethods(
  real: Systemd,
  around: (name: string, work: () => Promise<unknown>) => Promise<unknown>,
): Systemd {
  const methods = Object.entries(real).map(([name, method]: [string, Method]) => [
    name,
    (...args: readonly unknown[]) => around(name, () => method(...args)),
  ]);
  return Object.fromEntries(methods) as Systemd;
}

type Method = (...args: readonly unknown[]) => Promise<unknown>;
