import variants from "dbus-next/lib/variant.js";
import { AppError } from "@/lib/errors";
import type { BusClient } from "./bus";
import { runQueued } from "./job";
import { callManager, readProperty, SYSTEMD1 } from "./manager";
import { toUnitState } from "./unit-status";
import { count, rows } from "./values";

/**
 * Has PID 1 start the service of the same name once, `afterMs` from now by its
 * monotonic clock, by a transient timer: it goes off whatever has become of us,
 * and is gone with a reboot (org.freedesktop.systemd1(5), StartTransientUnit).
 * With `writable`, throws `read-only` and starts nothing unless PID 1 can write
 * to all of them: what it sees, and what we see from our own sandbox, differ.
 */
export async function startTimer(
  bus: BusClient,
  name: string,
  afterMs: number,
  writable: readonly string[] = [],
): Promise<void> {
  const auxiliary: readonly unknown[] = [];
  const afterUsec = BigInt(Math.round(afterMs * 1000));
  const properties = [
    ["Description", variant("s", "Goes off unless it is called off")],
    ["TimersMonotonic", variant("a(st)", await elapses(bus, afterUsec))],
    ["AccuracyUSec", variant("t", ACCURACY_USEC)],
    ["RemainAfterElapse", variant("b", false)],
  ];
  const queue = (more: readonly unknown[] = []) =>
    callManager(bus, "StartTransientUnit", "ssa(sv)a(sa(sv))", [
      name,
      "fail",
      [...properties, ...more],
      auxiliary,
    ]);
  if (writable.length === 0) {
    await queue();
    return;
  }
  const conditions = writable.map((path) => ["ConditionPathIsReadWrite", false, false, path]);
  await runQueued(bus, "start", name, () => queue([["Conditions", variant("a(sbbs)", conditions)]]));
  const [units] = await callManager(bus, "ListUnitsByNames", "as", [[name]]);
  // A condition that is not met is no failure to PID 1: the timer just does not run.
  if (!rows(units).some((row) => toUnitState(row).active === "active"))
    throw new AppError("read-only", { path: writable.join(", ") });
}

/**
 * A reload of PID 1, which anyone may ask for at any time, starts `OnActiveSec`
 * anew, so that it alone might never elapse; a point in time counted from PID
 * 1's own start stays where it is. But that one is dropped by some versions
 * when it passes during a reload, and then the other is left.
 */
async function elapses(bus: BusClient, afterUsec: bigint): Promise<[string, bigint][]> {
  const started = await readProperty(bus, SYSTEMD1.path, SYSTEMD1.interface, "UserspaceTimestampMonotonic");
  const nowUsec = process.hrtime.bigint() / 1000n; // after an answer that may have waited for a reload
  return [
    ["OnActiveSec", afterUsec],
    ["OnStartupSec", nowUsec + afterUsec - BigInt(count(started))],
  ];
}

/** Calls a timer off. One that went off, or never was, is no error. */
export async function stopTimer(bus: BusClient, name: string): Promise<void> {
  try {
    await callManager(bus, "StopUnit", "ss", [name, "replace"]);
  } catch (error) {
    if (!(error instanceof AppError && error.params.name === "org.freedesktop.systemd1.NoSuchUnit"))
      throw error;
  }
}

/** PID 1 may bundle timers within this; its default is a minute. */
const ACCURACY_USEC = 20_000n;

function variant(signature: string, value: unknown) {
  return new variants.Variant(signature, value);
}
