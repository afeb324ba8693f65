import { AppError, type Message } from "@/lib/errors";
import { parseBusAddress } from "./address";
import type { BusClient, Call } from "./bus";
import { BUS, Connection } from "./connection";
import { readReply, requestName } from "./replies";
import { type CallHandler, type ServedObject, ServedObjects } from "./serve";
import { Slots } from "./slots";
import { type Signal, type SignalMatch, Subscriptions } from "./subscriptions";
import type { LinkState } from "./types";
import { FLAG, type IncomingMessage, TYPE } from "./wire";

const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 5000;
/** The system bus refuses the 129th unanswered call of a connection; the rest is for match rules. */
const MOST_OPEN_CALLS = 100;
/** Of how many callers the user is remembered. */
const MOST_UIDS = 100;

/** The client behind `createBus`. */
export class SupervisedBus implements BusClient {
  readonly #addresses;
  readonly #subscriptions = new Subscriptions();
  readonly #served = new ServedObjects();
  readonly #ownNames = new Set<string>();
  /** As long as a bus lives it gives no unique name twice, so what it said of one stays true. */
  readonly #uids = new Map<string, number>();
  readonly #slots = new Slots(MOST_OPEN_CALLS);
  readonly #linkListeners = new Set<(link: LinkState) => void>();
  #link: LinkState = { state: "connecting", since: Date.now(), problem: null };
  #connection: Connection | null = null;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = FIRST_RETRY_MS;
  #attempts = 0;
  #calls = 0;
  #life: "new" | "started" | "ended" = "new";

  constructor(
    readonly address: string,
    readonly timeoutMs: number,
  ) {
    this.#addresses = parseBusAddress(address);
  }

  get link(): LinkState {
    return this.#link;
  }

  get counters() {
    return { calls: this.#calls, open: this.#connection?.waiting ?? 0 };
  }

  start(): void {
    if (this.#life !== "new") return;
    this.#life = "started";
    this.#connect();
  }

  close(): void {
    this.#life = "ended";
    clearTimeout(this.#retry);
    const reason = new Error("closed by this process");
    if (this.#connection) this.#connection.close(reason);
    else
      this.#setLink("down", {
        code: "bus-unreachable",
        params: { address: this.address, reason: reason.message },
      });
  }

  onLink(listener: (link: LinkState) => void): () => void {
    this.#linkListeners.add(listener);
    return () => this.#linkListeners.delete(listener);
  }

  whenUp(): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        if (this.#link.state !== "up" && this.#life !== "ended") return;
        stop();
        if (this.#link.state === "up") resolve();
        else reject(new AppError("bus-unreachable", { address: this.address }));
      };
      const stop = this.onLink(settle);
      settle();
    });
  }

  async call(call: Call): Promise<readonly unknown[]> {
    const connection = this.#connected(call.member);
    await this.#slots.take();
    try {
      // The connection may have been replaced while this call waited its turn.
      if (this.#connected(call.member) !== connection)
        throw new AppError("bus-unreachable", { member: call.member });
      this.#calls++;
      const reply = await this.#ask(connection, call);
      return readReply(reply, call.member, call.entries);
    } finally {
      this.#slots.give();
    }
  }

  subscribe(match: SignalMatch, listener: (signal: Signal) => void): () => void {
    return this.#subscriptions.add(match, listener);
  }

  async serve(object: ServedObject, handle: CallHandler): Promise<void> {
    // Before the name is ours: the call that had us started is delivered together with it.
    this.#served.add(object, handle);
    await requestName(this.#connected("RequestName"), object.name);
    this.#ownNames.add(object.name);
  }

  emitSignal(path: string, name: string, member: string, signature: string, body: readonly unknown[]): void {
    this.#connection?.send({ type: TYPE.signal, path, interface: name, member, signature, body });
  }

  async callerUid(sender: string): Promise<number> {
    const connection = this.#connection;
    const known = this.#uids.get(sender);
    if (known !== undefined) return known;
    const [uid] = await this.call({
      ...BUS,
      member: "GetConnectionUnixUser",
      signature: "s",
      body: [sender],
    });
    if (this.#uids.size >= MOST_UIDS) this.#uids.clear();
    if (connection === this.#connection) this.#uids.set(sender, Number(uid));
    return Number(uid);
  }

  #connected(member: string): Connection {
    if (this.#link.state === "up" && this.#connection) return this.#connection;
    throw new AppError("bus-unreachable", { member });
  }

  #ask(connection: Connection, call: Call): Promise<IncomingMessage> {
    const { noAutoStart, entries: _entries, timeoutMs = this.timeoutMs, ...fields } = call;
    return new Promise((resolve, reject) => {
      const flags = noAutoStart ? FLAG.noAutoStart : 0;
      const serial = connection.request({ ...fields, type: TYPE.call, flags }, (reply) => {
        clearTimeout(timer);
        if (reply.ok) resolve(reply.message);
        else reject(reply.error);
      });
      const timer = setTimeout(() => {
        connection.forget(serial);
        reject(new AppError("timed-out", { member: call.member, ms: timeoutMs }));
      }, timeoutMs);
    });
  }

  #connect(): void {
    const address = this.#addresses[this.#attempts++ % this.#addresses.length];
    if (!address) throw new AppError("invalid-input", { address: this.address });
    const connection = new Connection(address, {
      onReady: () => {
        this.#restore(connection).catch((error: unknown) => {
          connection.close(error instanceof Error ? error : new Error(String(error)));
        });
      },
      onMessage: (message) => this.#receive(connection, message),
      onClosed: (reason) => this.#lost(reason),
    });
    this.#connection = connection;
  }

  /** Match rules and names belong to a connection; callers must not see it before they are back. */
  async #restore(connection: Connection): Promise<void> {
    await this.#subscriptions.attach(connection);
    for (const name of this.#ownNames) await requestName(connection, name);
    if (this.#connection !== connection) return;
    this.#retryMs = FIRST_RETRY_MS;
    this.#setLink("up", null);
  }

  #lost(reason: Error): void {
    this.#connection = null;
    this.#uids.clear();
    this.#subscriptions.detach();
    this.#setLink("down", {
      code: "bus-unreachable",
      params: { address: this.address, reason: reason.message },
    });
    if (this.#life === "ended") return;
    this.#retry = setTimeout(() => this.#connect(), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
  }

  #receive(connection: Connection, message: IncomingMessage): void {
    if (message.type === TYPE.signal) this.#subscriptions.dispatch(message);
    if (message.type !== TYPE.call) return;
    this.#served.answer(message).then(
      (reply) => reply && connection.send(reply),
      // Only a reply that does not fit its own signature comes here: a mistake in the object, not of the caller.
      (error: unknown) => console.error(`${message.interface}.${message.member}:`, error),
    );
  }

  /** `since` stays when an attempt fails while the link is down already: it tells the age of what is on screen. */
  #setLink(state: LinkState["state"], problem: Message | null): void {
    const since = state === this.#link.state ? this.#link.since : Date.now();
    this.#link = { state, since, problem };
    for (const listener of [...this.#linkListeners]) listener(this.#link);
  }
}
