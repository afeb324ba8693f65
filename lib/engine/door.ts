import type { Deployment } from "@/lib/deploy/types";
import { ENGINE, METHODS, type MethodName, type SignalName, type Signals } from "@/lib/engine/interface";
import type { Methods } from "@/lib/engine/service";
import { AppError } from "@/lib/errors";
import type { BusClient } from "@/lib/systemd/bus";

/** The engine's methods on the bus: who is asking is looked up, what is asked is parsed, everything else is refused. */
export async function openDoor(
  bus: BusClient,
  methods: Methods,
  allowedUids: ReadonlySet<number>,
): Promise<void> {
  await bus.serve({ ...ENGINE, introspection: INTROSPECTION }, async ({ member, body, sender }) => {
    const uid = await bus.callerUid(sender);
    if (!allowedUids.has(uid)) throw new AppError("forbidden", { uid });
    if (!isMethod(member)) throw new AppError("not-found", { what: "method" });
    const reply = await answer(methods, member, body[0]);
    return { signature: "s", body: [JSON.stringify(reply)] };
  });
}

/** Sends a signal to whoever may listen (the bus policy decides). */
export function emit<S extends SignalName>(bus: BusClient, signal: S, payload: Signals[S]): void {
  bus.emitSignal(ENGINE.path, ENGINE.interface, signal, "s", [JSON.stringify(payload)]);
}

/**
 * Tells of deployments when whatever comes next in them is under way: to word
 * one takes as long as a call. What changes twice in between is told once; that
 * there is one, and its end, at once.
 */
export function createTeller(bus: BusClient): (deployment: Deployment) => void {
  const untold = new Map<string, Deployment>();
  const tell = () => {
    for (const deployment of untold.values()) emit(bus, "DeploymentChanged", deployment);
    untold.clear();
  };
  return (deployment) => {
    untold.delete(deployment.id);
    if (deployment.steps.length === 0 || deployment.phase === "finished")
      return emit(bus, "DeploymentChanged", deployment);
    if (untold.size === 0) setImmediate(tell);
    untold.set(deployment.id, deployment);
  };
}

async function answer<M extends MethodName>(methods: Methods, member: M, text: unknown): Promise<unknown> {
  const input = METHODS[member].safeParse(parseJson(text));
  if (!input.success) throw new AppError("invalid-input", { problem: input.error.issues[0]?.message ?? "" });
  return runMethod(methods, member, input.data);
}

/** The schema that parsed `input` is the one of this very method. */
function runMethod<M extends MethodName>(methods: Methods, member: M, input: unknown): Promise<unknown> {
  const run = methods[member] as (input: unknown) => Promise<unknown>;
  return run(input);
}

function parseJson(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}

function isMethod(member: string): member is MethodName {
  return Object.hasOwn(METHODS, member);
}

const INTROSPECTION = `<interface name="${ENGINE.interface}">${Object.keys(METHODS)
  .map(
    (name) =>
      `<method name="${name}"><arg name="json" type="s" direction="in"/><arg name="json" type="s" direction="out"/></method>`,
  )
  .join(
    "",
  )}${["DeploymentChanged", "Inspected", "Rehearsed", "Noted"].map((name) => `<signal name="${name}"><arg name="json" type="s"/></signal>`).join("")}</interface>`;
