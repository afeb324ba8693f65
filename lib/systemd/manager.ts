import { AppError } from "@/lib/errors";
import type { BusClient, SignalMatch } from "./bus";

/** PID 1 on the bus. https://www.freedesktop.org/software/systemd/man/org.freedesktop.systemd1.html */
export const SYSTEMD1 = {
  destination: "org.freedesktop.systemd1",
  path: "/org/freedesktop/systemd1",
  interface: "org.freedesktop.systemd1.Manager",
} as const;

/** Calls a method of PID 1's manager object. */
export function callManager(
  bus: BusClient,
  member: string,
  signature = "",
  body: readonly unknown[] = [],
  timeoutMs?: number,
): Promise<readonly unknown[]> {
  return bus.call({
    ...SYSTEMD1,
    member,
    signature,
    body,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
}

/** Matches one signal of the manager. */
export function managerSignal(member: string): SignalMatch {
  return { sender: SYSTEMD1.destination, path: SYSTEMD1.path, interface: SYSTEMD1.interface, member };
}

/** One property of an object of PID 1. */
export async function readProperty(
  bus: BusClient,
  path: string,
  owner: string,
  name: string,
): Promise<unknown> {
  const [value] = await bus.call({
    ...propertiesOf(path),
    member: "Get",
    signature: "ss",
    body: [owner, name],
  });
  return value;
}

/** The named properties of one interface of an object of PID 1, in one call; what it does not have is left out. */
export async function readProperties(
  bus: BusClient,
  path: string,
  owner: string,
  names: ReadonlySet<string>,
): Promise<unknown> {
  const [values] = await bus.call({
    ...propertiesOf(path),
    member: "GetAll",
    signature: "s",
    body: [owner],
    entries: names,
  });
  return values;
}

/** Without a subscriber PID 1 sends no signals at all. It counts connections, so it must be asked again after a reconnect. */
export async function subscribeManager(bus: BusClient): Promise<void> {
  try {
    await callManager(bus, "Subscribe");
  } catch (error) {
    const known =
      error instanceof AppError && error.params.name === "org.freedesktop.systemd1.AlreadySubscribed";
    if (!known) throw error;
  }
}

function propertiesOf(path: string) {
  return { destination: SYSTEMD1.destination, path, interface: "org.freedesktop.DBus.Properties" };
}
