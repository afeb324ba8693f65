import { BUS, busCall, type Connection } from "./connection";
import { askBus } from "./replies";
import { FLAG, type IncomingMessage, type OutgoingMessage, TYPE } from "./wire";

export interface SignalMatch {
  /** A unique or well-known bus name; never left out, since anybody may send us any signal. */
  readonly sender: string;
  readonly path?: string;
  /** This path and everything below it. */
  readonly pathNamespace?: string;
  readonly interface?: string;
  readonly member?: string;
  /** The first value of the body, a string. */
  readonly arg0?: string;
}

export interface Signal {
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  /** Unique name of the sender. */
  readonly sender: string;
  readonly body: readonly unknown[];
}

type Entry = { readonly match: SignalMatch; readonly listener: (signal: Signal) => void };

/**
 * Who wants which signals, for as long as the process lives. Equal rules are
 * installed once (a system bus allows 512 per connection) and again on every
 * new connection.
 *
 * Signals are also filtered here, by the unique name behind a well-known
 * sender: on a system bus any user may send any signal straight to us, past
 * the match rules, with whatever interface it likes.
 */
export class Subscriptions {
  readonly #entries = new Set<Entry>();
  readonly #rules = new Map<string, number>();
  readonly #owners = new Map<string, { uses: number; owner: string }>();
  #connection: Connection | null = null;

  add(match: SignalMatch, listener: (signal: Signal) => void): () => void {
    const entry: Entry = { match, listener };
    this.#entries.add(entry);
    const sender = wellKnownSender(match);
    if (sender) this.#holdOwner(sender);
    this.#holdRule(ruleOf(match));
    return () => {
      if (!this.#entries.delete(entry)) return;
      this.#releaseRule(ruleOf(match));
      if (sender) this.#releaseOwner(sender);
    };
  }

  /** Installs everything on a new connection; rejects when the bus refuses one. */
  async attach(connection: Connection): Promise<void> {
    this.#connection = connection;
    const acknowledged: Promise<void>[] = [];
    for (const [name, known] of this.#owners) {
      known.owner = "";
      acknowledged.push(addMatch(connection, ownerRule(name)));
      this.#askOwner(connection, name);
    }
    for (const rule of this.#rules.keys()) acknowledged.push(addMatch(connection, rule));
    await Promise.all(acknowledged);
  }

  detach(): void {
    this.#connection = null;
    for (const known of this.#owners.values()) known.owner = "";
  }

  dispatch(message: IncomingMessage): void {
    if (message.sender === BUS.destination && message.member === "NameOwnerChanged") this.#noteOwner(message);
    const takers = [...this.#entries].filter(({ match }) => this.#takes(match, message));
    if (takers.length === 0) return;
    const { path, interface: name, member, sender } = message;
    const signal: Signal = { path, interface: name, member, sender, body: message.readBody() };
    // Each listener on its own: one that throws must not cost the others their signal, nor us the connection.
    for (const { listener } of takers) queueMicrotask(() => listener(signal));
  }

  #takes(match: SignalMatch, message: IncomingMessage): boolean {
    const sender = wellKnownSender(match);
    const from = sender ? this.#owners.get(sender)?.owner : match.sender;
    return (
      from === message.sender &&
      (match.path === undefined || match.path === message.path) &&
      (match.pathNamespace === undefined || isBelow(message.path, match.pathNamespace)) &&
      (match.interface === undefined || match.interface === message.interface) &&
      (match.member === undefined || match.member === message.member) &&
      // Last, as it decodes the body.
      (match.arg0 === undefined || match.arg0 === message.readBody()[0])
    );
  }

  #holdRule(rule: string): void {
    const uses = this.#rules.get(rule) ?? 0;
    this.#rules.set(rule, uses + 1);
    if (uses === 0 && this.#connection) this.#install(this.#connection, rule);
  }

  #releaseRule(rule: string): void {
    const uses = (this.#rules.get(rule) ?? 1) - 1;
    if (uses > 0) return void this.#rules.set(rule, uses);
    this.#rules.delete(rule);
    this.#connection?.send(removeMatch(rule));
  }

  #holdOwner(name: string): void {
    const known = this.#owners.get(name);
    if (known) return void known.uses++;
    this.#owners.set(name, { uses: 1, owner: "" });
    if (!this.#connection) return;
    this.#install(this.#connection, ownerRule(name));
    this.#askOwner(this.#connection, name);
  }

  #releaseOwner(name: string): void {
    const known = this.#owners.get(name);
    if (!known || --known.uses > 0) return;
    this.#owners.delete(name);
    this.#connection?.send(removeMatch(ownerRule(name)));
  }

  #askOwner(connection: Connection, name: string): void {
    connection.request(busCall("GetNameOwner", "s", [name]), (reply) => {
      const known = this.#owners.get(name);
      // An error means that nobody owns it now; NameOwnerChanged will tell.
      if (known && reply.ok && reply.message.type === TYPE.reply)
        known.owner = String(reply.message.readBody()[0]);
    });
  }

  #noteOwner(message: IncomingMessage): void {
    const [name, , owner] = message.readBody();
    const known = this.#owners.get(String(name));
    if (known) known.owner = String(owner);
  }

  /** A rule that the bus refuses would leave us deaf without a sign: better to end the connection and try again. */
  #install(connection: Connection, rule: string): void {
    addMatch(connection, rule).catch((error: unknown) => {
      connection.close(error instanceof Error ? error : new Error(String(error)));
    });
  }
}

/** The text of a match rule. Its values are ours; a quote in one would be a mistake of the program. */
export function ruleOf(match: SignalMatch): string {
  const parts = [
    ["path", match.path],
    ["path_namespace", match.pathNamespace],
    ["interface", match.interface],
    ["member", match.member],
    ["arg0", match.arg0],
  ].flatMap(([key, value]) => (value === undefined ? [] : [`${key}='${value}'`]));
  return ["type='signal'", `sender='${match.sender}'`, ...parts].join(",");
}

export function isBelow(path: string, namespace: string): boolean {
  return namespace === "/" || path === namespace || path.startsWith(`${namespace}/`);
}

function ownerRule(name: string): string {
  const { destination: sender, path, interface: bus } = BUS;
  return ruleOf({ sender, path, interface: bus, member: "NameOwnerChanged", arg0: name });
}

/** The bus itself signs its signals with its well-known name, everybody else's carry a unique name. */
function wellKnownSender(match: SignalMatch): string | null {
  return match.sender !== BUS.destination && !match.sender.startsWith(":") ? match.sender : null;
}

function removeMatch(rule: string): OutgoingMessage {
  return { ...busCall("RemoveMatch", "s", [rule]), flags: FLAG.noReplyExpected };
}

async function addMatch(connection: Connection, rule: string): Promise<void> {
  await askBus(connection, "AddMatch", "s", [rule]);
}
