import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { AppError } from "@/lib/errors";
import { type BusClient, type CallHandler, createBus, type Signal } from "./bus";
import { createPrivateBus, type PrivateBus } from "./private-bus";

const OBJECT = {
  name: "org.attache.Test",
  path: "/org/attache/Test",
  interface: "org.attache.Test",
  introspection: '<interface name="org.attache.Test"><method name="Echo"/></interface>',
} as const;
const TARGET = { destination: OBJECT.name, path: OBJECT.path, interface: OBJECT.interface };
const DRIVER = {
  destination: "org.freedesktop.DBus",
  path: "/org/freedesktop/DBus",
  interface: "org.freedesktop.DBus",
};

const DRIVER_SIGNALS = { sender: DRIVER.destination, path: DRIVER.path, interface: DRIVER.interface };

const answer: CallHandler = async ({ member, body, sender }) => {
  switch (member) {
    case "Echo":
      return { signature: "s", body: [body[0]] };
    case "Sender":
      return { signature: "s", body: [sender] };
    case "Never":
      return new Promise(() => {});
    case "Refuse":
      throw new AppError("forbidden", { secret: "x" });
    case "Break":
      throw new TypeError("secret detail");
    default:
      throw new AppError("not-found");
  }
};

let daemon: PrivateBus;
const clients: BusClient[] = [];

beforeAll(async () => {
  daemon = await createPrivateBus();
  await daemon.start();
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(() => daemon.remove());

async function connect(options: { timeoutMs?: number } = {}): Promise<BusClient> {
  const client = createBus({ address: daemon.address, ...options });
  clients.push(client);
  client.start();
  await client.whenUp();
  return client;
}

async function connectPair(options: { timeoutMs?: number } = {}) {
  const server = await connect();
  await server.serve(OBJECT, answer);
  return { server, client: await connect(options) };
}

const echo = (client: BusClient, text: string) =>
  client.call({ ...TARGET, member: "Echo", signature: "s", body: [text] });
const rules = async (client: BusClient) => {
  const [stats] = await client.call({
    ...DRIVER,
    interface: "org.freedesktop.DBus.Debug.Stats",
    member: "GetConnectionStats",
    signature: "s",
    body: [await ownName(client)],
  });
  return stats;
};
const ownName = async (client: BusClient) => (await client.call({ ...TARGET, member: "Sender" }))[0];

describe("calls", () => {
  it("carries a thousand at once past the limit of open calls", async () => {
    const { client } = await connectPair();
    const replies = await Promise.all(
      Array.from({ length: 1000 }, (_, index) => echo(client, String(index))),
    );
    expect(replies.map(([text]) => Number(text))).toEqual(Array.from({ length: 1000 }, (_, index) => index));
    expect(client.counters).toEqual({ calls: 1000, open: 0 });
  });

  it("carries a large message", async () => {
    const { client } = await connectPair();
    const text = "ä".repeat(1_000_000);
    expect(await echo(client, text)).toEqual([text]);
  });

  it("times out and keeps nothing of the call", async () => {
    const { client } = await connectPair({ timeoutMs: 50 });
    const call = client.call({ ...TARGET, member: "Never" });
    await expect(call).rejects.toMatchObject({ code: "timed-out", params: { member: "Never", ms: 50 } });
    expect(client.counters.open).toBe(0);
    expect(await echo(client, "after")).toEqual(["after"]);
  });

  it.each([
    ["Refuse", "org.freedesktop.DBus.Error.AccessDenied", "bus-denied", "forbidden"],
    ["Nothing", "org.freedesktop.DBus.Error.UnknownMethod", "call-failed", "not-found"],
  ])("reports the error of %s by name", async (member, name, code, text) => {
    const { client } = await connectPair();
    const call = client.call({ ...TARGET, member });
    await expect(call).rejects.toMatchObject({ code, params: { name, text, member } });
  });

  it("tells callers nothing of an unforeseen error", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    const { client } = await connectPair();
    const call = client.call({ ...TARGET, member: "Break" });
    await expect(call).rejects.toMatchObject({ code: "call-failed", params: { text: "unexpected" } });
    expect(log).toHaveBeenCalledOnce();
    log.mockRestore();
  });

  it("knows what the policy of the bus forbids", async () => {
    const { client } = await connectPair();
    await expect(client.call({ ...TARGET, member: "Forbidden" })).rejects.toMatchObject({
      code: "bus-denied",
    });
  });

  it("rejects a body that does not fit, and stays connected", async () => {
    const { client } = await connectPair();
    await expect(client.call({ ...TARGET, member: "Echo", signature: "s", body: [1] })).rejects.toThrow();
    expect(client.counters.open).toBe(0);
    expect(await echo(client, "after")).toEqual(["after"]);
  });

  it("knows the user behind a name", async () => {
    const { client } = await connectPair();
    const name = String(await ownName(client));
    expect(await client.callerUid(name)).toBe(process.getuid?.());
    const { calls } = client.counters;
    expect([await client.callerUid(name), client.counters.calls], "and does not ask twice").toEqual([
      process.getuid?.(),
      calls,
    ]);
    await expect(client.callerUid(":1.999999")).rejects.toMatchObject({ code: "call-failed" });
  });
});

describe("objects", () => {
  it("refuses a name that another process has", async () => {
    const { client } = await connectPair();
    await expect(client.serve(OBJECT, answer)).rejects.toMatchObject({ code: "busy" });
  });

  it.each([
    ["/", '<node name="org"/>'],
    ["/org/attache", '<node name="Test"/>'],
    [OBJECT.path, '<method name="Echo"/>'],
  ])("describes %s", async (path, part) => {
    const { client } = await connectPair();
    const introspectable = "org.freedesktop.DBus.Introspectable";
    const [xml] = await client.call({ ...TARGET, path, interface: introspectable, member: "Introspect" });
    expect(xml).toContain(part);
  });

  it("answers what every object answers", async () => {
    const { client } = await connectPair();
    expect(await client.call({ ...TARGET, interface: "org.freedesktop.DBus.Peer", member: "Ping" })).toEqual(
      [],
    );
    const getAll = { member: "GetAll", signature: "s", body: [OBJECT.interface] };
    expect(await client.call({ ...TARGET, interface: "org.freedesktop.DBus.Properties", ...getAll })).toEqual(
      [{}],
    );
  });
});

describe("signals", () => {
  const match = { sender: OBJECT.name, interface: OBJECT.interface, pathNamespace: "/org/attache" };

  function collect(client: BusClient, wanted: Parameters<BusClient["subscribe"]>[0] = match) {
    const seen: Signal[] = [];
    return { seen, stop: client.subscribe(wanted, (signal) => seen.push(signal)) };
  }

  it("arrive at those who asked for them", async () => {
    const { server, client } = await connectPair();
    const all = collect(client);
    const other = collect(client, { ...match, member: "Other" });
    await echo(client, "rules are in place");
    server.emitSignal(OBJECT.path, OBJECT.interface, "Changed", "s", ["a"]);
    server.emitSignal("/org/attachement", OBJECT.interface, "Changed", "s", ["elsewhere"]);
    await vi.waitFor(() => expect(all.seen).toHaveLength(1));
    expect(all.seen[0]).toMatchObject({ path: OBJECT.path, member: "Changed", body: ["a"] });
    expect(other.seen).toHaveLength(0);

    all.stop();
    server.emitSignal(OBJECT.path, OBJECT.interface, "Changed", "s", ["b"]);
    await echo(client, "later");
    expect(all.seen).toHaveLength(1);
  });

  it("are believed only from the owner of the name", async () => {
    const { server, client } = await connectPair();
    const impostor = await connect();
    // Broadcast by another connection; a rule without a sender lets it reach ours.
    const name = String((await client.call({ ...TARGET, member: "Sender" }))[0]);
    expect(name).toMatch(/^:/);
    const { seen } = collect(client);
    await client.call({ ...DRIVER, member: "AddMatch", signature: "s", body: ["type='signal'"] });
    impostor.emitSignal(OBJECT.path, OBJECT.interface, "Changed", "s", ["forged"]);
    await impostor.call({ ...TARGET, member: "Sender" });
    server.emitSignal(OBJECT.path, OBJECT.interface, "Changed", "s", ["true"]);
    await vi.waitFor(() => expect(seen.length).toBeGreaterThan(0));
    expect(seen.map(({ body }) => body[0])).toEqual(["true"]);
  });

  // What whoever follows the owner of a name read of a signal was missing for the next reader, and the link was closed.
  it("have a body for each of two readers, and the link stays up", async () => {
    const client = await connect();
    const links: string[] = [];
    client.onLink(({ state }) => links.push(state));
    collect(client);
    const changes = collect(client, { ...DRIVER_SIGNALS, member: "NameOwnerChanged" });
    const server = await connect();
    await server.serve(OBJECT, answer);
    await vi.waitFor(() => expect(changes.seen.map(({ body }) => body[0])).toContain(OBJECT.name));
    expect(await echo(client, "still there")).toEqual(["still there"]);
    expect(links).toEqual([]);
  });

  it("are chosen by the first value of their body", async () => {
    const client = await connect();
    const changes = collect(client, { ...DRIVER_SIGNALS, member: "NameOwnerChanged", arg0: OBJECT.name });
    const all = collect(client, { ...DRIVER_SIGNALS, member: "NameOwnerChanged" });
    const server = await connect();
    await server.serve(OBJECT, answer);
    await vi.waitFor(() => expect(changes.seen).toHaveLength(1));
    expect(changes.seen[0]?.body[0]).toBe(OBJECT.name);
    expect(all.seen.length).toBeGreaterThan(1);
  });

  it("take one rule of the bus however often they are asked for", async () => {
    const { client } = await connectPair();
    const before = await rules(client);
    const stops = Array.from({ length: 700 }, () => collect(client).stop);
    const during = await rules(client);
    for (const stop of stops) stop();
    for (let cycle = 0; cycle < 700; cycle++) collect(client).stop();
    const after = await rules(client);
    expect(during).toMatchObject({ MatchRules: 2 });
    expect(after).toEqual(expect.objectContaining({ MatchRules: Object(before).MatchRules }));
  });
});

describe("when the bus goes away", () => {
  it("rejects open calls, reports the link, and has everything back with the next bus", async () => {
    const { server, client } = await connectPair();
    const seen: unknown[] = [];
    client.subscribe({ sender: OBJECT.name, interface: OBJECT.interface }, ({ body }) => seen.push(body[0]));
    const links: string[] = [];
    client.onLink(({ state }) => links.push(state));
    const open = client.call({ ...TARGET, member: "Never" });
    const rejected = expect(open).rejects.toMatchObject({ code: "bus-unreachable" });
    const waiting = Promise.allSettled(
      Array.from({ length: 150 }, () => client.call({ ...TARGET, member: "Never" })),
    );

    await daemon.stop();
    await rejected;
    const outcomes = await waiting;
    expect(
      outcomes.every((outcome) => outcome.status === "rejected" && outcome.reason.code === "bus-unreachable"),
    ).toBe(true);
    expect(client.link).toMatchObject({ state: "down", problem: { code: "bus-unreachable" } });
    expect(client.counters.open).toBe(0);
    await expect(echo(client, "x")).rejects.toMatchObject({ code: "bus-unreachable" });

    const { since } = client.link;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(client.link.since).toBe(since);

    await daemon.start();
    await Promise.all([client.whenUp(), server.whenUp()]);
    await vi.waitFor(async () => expect(await echo(client, "again")).toEqual(["again"]));
    server.emitSignal(OBJECT.path, OBJECT.interface, "Changed", "s", ["after"]);
    await vi.waitFor(() => expect(seen).toEqual(["after"]));
    expect(links[0]).toBe("down");
    expect(links.at(-1)).toBe("up");
  });

  it("starts without a bus and connects when one comes", async () => {
    const other = await createPrivateBus();
    const client = createBus({ address: other.address });
    clients.push(client);
    client.start();
    await vi.waitFor(() => expect(client.link.state).toBe("down"));
    await other.start();
    await client.whenUp();
    expect(client.link).toMatchObject({ state: "up", problem: null });
    client.close();
    await other.remove();
  });

  it("stays down after close", async () => {
    const client = await connect();
    client.close();
    expect(client.link.state).toBe("down");
    await expect(client.whenUp()).rejects.toMatchObject({ code: "bus-unreachable" });
  });
});
