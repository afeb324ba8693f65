import variants from "dbus-next/lib/variant.js";
import { AppError } from "@/lib/errors";
import type { BusClient } from "./bus";
import { callManager } from "./manager";

/**
 * Has PID 1 start the service of the same name once, `afterMs` from now by its
 * monotonic clock, by a transient timer: it goes off whatever has become of us,
 * and is gone with a reboot (org.freedesktop.systemd1(5), StartTransientUnit).
 */
export async function startTimer(bus: BusClient, name: string, afterMs: number): Promise<void> {
  const auxiliary: readonly unknown[] = [];
  const properties = [
    ["Description", variant("s", "Goes off unless it is called off")],
    ["TimersMonotonic", variant("a(st)", [["OnActiveSec", BigInt(Math.round(afterMs * 1000))]])],
    ["AccuracyUSec", variant("t", ACCURACY_USEC)],
    ["RemainAfterElapse", variant("b", false)],
  ];
  await callManager(bus, "StartTransientUnit", "ssa(sv)a(sa(sv))", [name, "fail", properties, auxiliary]);
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
