import { describe, expect, it } from "vitest";
import type { Deployment } from "@/lib/deploy/types";
import { createEngineClient, problemOf } from "@/lib/engine/client";
import { AppError } from "@/lib/errors";
import type { BusClient, Signal, SignalMatch } from "@/lib/systemd/bus";

describe("the engine's client", () => {
  it("bug: a deployment that ended while it asked what runs does not run for ever", async () => {
    const listeners: { match: SignalMatch; listener: (signal: Signal) => void }[] = [];
    const deployment = { id: "01H", service: "web", phase: "settling" } as Deployment;
    const bus = {
      link: { state: "up" as const, since: 0, problem: null },
      onLink: () => () => undefined,
      subscribe(match: SignalMatch, listener: (signal: Signal) => void) {
        listeners.push({ match, listener });
        return () => undefined;
      },
      async call() {
        const end = JSON.stringify({ ...deployment, phase: "finished" });
        // In the same chunk as the reply: heard before whoever awaits the reply goes on.
        for (const { match, listener } of listeners)
          if (match.member === "DeploymentChanged")
            listener({ path: "", interface: "", member: "", sender: "", body: [end] });
        return [JSON.stringify({ ok: true, value: { deployments: [deployment], version: "1" } })];
      },
    };
    const client = createEngineClient(asBus(bus));
    client.start();
    await expect.poll(() => client.link.state).toBe("up");
    expect([...client.running.keys()]).toEqual([]);
  });

  it("bug: a click while the engine cannot be started does not answer with the words of the bus", async () => {
    const bus = {
      link: { state: "up" as const, since: 0, problem: null },
      onLink: () => () => undefined,
      subscribe: () => () => undefined,
      async call(): Promise<never> {
        throw new AppError("call-failed", { name: "org.freedesktop.DBus.Error.TimedOut", text: "Failed to" });
      },
    };
    const asked = createEngineClient(asBus(bus)).call("Restart", { service: "web", by: "admin" });
    await expect(asked).rejects.toMatchObject({ code: "engine-not-starting" });
  });
});

describe("why the engine cannot be asked", () => {
  const failed = (name: string) => new AppError("call-failed", { name, text: "" });
  it.each([
    ["no activation file", failed("org.freedesktop.DBus.Error.ServiceUnknown"), "engine-missing"],
    ["no unit", failed("org.freedesktop.systemd1.NoSuchUnit"), "engine-missing"],
    ["masked", failed("org.freedesktop.systemd1.UnitMasked"), "engine-not-starting"],
    ["its start fails, says the bus", failed("org.freedesktop.DBus.Error.TimedOut"), "engine-not-starting"],
    ["its start fails, we gave up first", new AppError("timed-out"), "engine-not-starting"],
    ["the policy is not read yet", new AppError("bus-denied"), "bus-denied"],
    ["the bus is away", new AppError("bus-unreachable"), "bus-unreachable"],
  ])("%s", (_name, error, code) => {
    expect(problemOf(error).code).toBe(code);
  });
});

/** Only what the client uses is there. */
function asBus(bus: Pick<BusClient, "link" | "onLink" | "subscribe" | "call">): BusClient {
  return bus as BusClient;
}
