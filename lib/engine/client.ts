import { setTimeout as sleep } from "node:timers/promises";
import type { Deployment } from "@/lib/deploy/types";
import {
  ENGINE,
  type Input,
  type MethodName,
  type Outputs,
  type Reply,
  type SignalName,
  type Signals,
} from "@/lib/engine/interface";
import { AppError } from "@/lib/errors";
import type { BusClient } from "@/lib/systemd/bus";
import type { LinkState } from "@/lib/systemd/types";

/** Everyone else's side of the door. Methods throw `AppError`: `refused` carries the refusal's code as `params.refusal`. */
export interface EngineClient {
  call<M extends MethodName>(method: M, input: Input<M>): Promise<Outputs[M]>;
  readonly link: LinkState;
  onLink(listener: () => void): () => void;
  on<S extends SignalName>(signal: S, listener: (payload: Signals[S]) => void): () => void;
  /** Deployments under way as the engine last told, by service. */
  readonly running: ReadonlyMap<string, Deployment>;
  /** Begins to follow the engine, and wakes it (by bus activation) whenever it is away. */
  start(): void;
  close(): void;
}

const RETRY_MS = [0, 500, 1000, 2000, 5000];

export function createEngineClient(bus: BusClient): EngineClient {
  let link: LinkState = { state: "connecting", since: Date.now(), problem: null };
  let isClosed = false;
  let isGreeting = false;
  const running = new Map<string, Deployment>();
  /** Told while the greeting was under way: a signal is handled at once, the reply before it only a moment later. */
  const heard = new Map<string, Deployment>();
  const linkListeners = new Set<() => void>();
  const offs: (() => void)[] = [];

  const setLink = (state: LinkState["state"], problem: LinkState["problem"]) => {
    if (link.state === state && link.problem?.code === problem?.code) return;
    link = { state, since: Date.now(), problem };
    for (const listener of linkListeners) listener();
  };

  const call: EngineClient["call"] = async (method, input) => {
    const request = { member: method, signature: "s", body: [JSON.stringify(input)] };
    const { name: destination, path, interface: name } = ENGINE;
    const [text] = await bus.call({ destination, path, interface: name, ...request }).catch(inOurWords);
    const reply = parseReply<typeof method>(text);
    if (reply.ok) return reply.value;
    throw new AppError("refused", { ...reply.error.params, refusal: reply.error.code });
  };

  const on: EngineClient["on"] = (signal, listener) =>
    bus.subscribe(
      { sender: ENGINE.name, path: ENGINE.path, interface: ENGINE.interface, member: signal },
      ({ body }) => listener(parsePayload(body[0])),
    );

  const note = (deployment: Deployment) => {
    if (deployment.phase === "finished") running.delete(deployment.service);
    else running.set(deployment.service, deployment);
  };

  /** Asks what runs: this wakes the engine, and its answer replaces what we believed. */
  const greet = async () => {
    if (isGreeting) return;
    isGreeting = true;
    for (let attempt = 0; !isClosed; attempt++) {
      await sleep(RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)], undefined, { ref: false });
      if (bus.link.state !== "up") break;
      try {
        heard.clear();
        const { deployments } = await call("Running", {});
        running.clear();
        for (const deployment of deployments) note(heard.get(deployment.id) ?? deployment);
        setLink("up", null);
        break;
      } catch (error) {
        setLink("down", problemOf(error));
      }
    }
    isGreeting = false;
  };

  return {
    call,
    on,
    running,
    get link() {
      return link;
    },
    onLink(listener) {
      linkListeners.add(listener);
      return () => linkListeners.delete(listener);
    },
    start() {
      offs.push(
        on("DeploymentChanged", (deployment) => {
          if (isGreeting) heard.set(deployment.id, deployment);
          note(deployment);
        }),
        bus.subscribe(
          {
            sender: "org.freedesktop.DBus",
            path: "/org/freedesktop/DBus",
            interface: "org.freedesktop.DBus",
            member: "NameOwnerChanged",
            arg0: ENGINE.name,
          },
          ({ body: [, , owner] }) => {
            if (owner === "") setLink("down", { code: "engine-away", params: {} });
            void greet();
          },
        ),
        bus.onLink((state) => {
          if (state.state === "up") void greet();
          else setLink("down", { code: "bus-unreachable", params: {} });
        }),
      );
      if (bus.link.state === "up") void greet();
    },
    close() {
      isClosed = true;
      for (const off of offs) off();
    },
  };
}

/** What the bus answers where there is no engine to activate, and where there is one that does not come up. */
export function problemOf(error: unknown): NonNullable<LinkState["problem"]> {
  if (!(error instanceof AppError)) return { code: "unexpected", params: {} };
  const code = activationProblem(error) ?? (error.code === "timed-out" ? "engine-not-starting" : null);
  return code === null ? { code: error.code, params: error.params } : { code, params: {} };
}

/** For whoever asked for something: an engine that could not be started says so, not the bus in its stead. */
function inOurWords(error: unknown): never {
  const code = error instanceof AppError ? activationProblem(error) : null;
  throw code === null ? error : new AppError(code, {}, { cause: error });
}

function activationProblem(error: AppError): "engine-missing" | "engine-not-starting" | null {
  const name = String(error.params.name ?? "");
  if (/\.(ServiceUnknown|NameHasNoOwner|NoSuchUnit)$/.test(name)) return "engine-missing";
  return /\.(UnitMasked|TimedOut|LoadFailed|BadUnitSetting|Spawn\.\w+)$/.test(name)
    ? "engine-not-starting"
    : null;
}

/** The engine wrote it from the same types, and the bus policy lets nobody else own its name. */
function parseReply<M extends MethodName>(text: unknown): Reply<M> {
  return JSON.parse(String(text)) as Reply<M>;
}

function parsePayload<S extends SignalName>(text: unknown): Signals[S] {
  return JSON.parse(String(text)) as Signals[S];
}
