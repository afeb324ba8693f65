import type { CallHandler, MethodCall, MethodReply, ServedObject } from "./serve";
import type { Signal, SignalMatch } from "./subscriptions";
import { SupervisedBus } from "./supervised-bus";
import type { LinkState } from "./types";

export type { CallHandler, MethodCall, MethodReply, ServedObject, Signal, SignalMatch };

export interface Call {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature?: string;
  readonly body?: readonly unknown[];
  readonly timeoutMs?: number;
  /** Fails with `ServiceUnknown` instead of starting the service. */
  readonly noAutoStart?: boolean;
  /** Of a reply that is a dictionary of variants, only these entries are wanted: whole ones take long to decode. */
  readonly entries?: ReadonlySet<string>;
}

/** One connection to a message bus that mends itself. */
export interface BusClient {
  /** Begins to connect, and does so again after every loss until `close`. */
  start(): void;
  close(): void;
  readonly link: LinkState;
  onLink(listener: (link: LinkState) => void): () => void;
  /** Resolves when the link is up, at once if it is; rejects with `bus-unreachable` on `close`. */
  whenUp(): Promise<void>;
  /**
   * Calls a method; values of type `t` and `x` are bigint, `ay` a Buffer, a
   * variant is the value inside. Never waits for a connection. Throws
   * `bus-unreachable` (not connected, or lost before the reply: the outcome is
   * unknown), `timed-out` (unknown as well), `bus-denied`, or `call-failed`
   * with `{ name, text, member }` of the D-Bus error; a `name` ending in
   * `.NoReply` means that the other side died: unknown, too.
   */
  call(call: Call): Promise<readonly unknown[]>;
  /** Lasts over reconnects. A call made after `subscribe` returned cannot cause a signal that is missed. */
  subscribe(match: SignalMatch, listener: (signal: Signal) => void): () => void;
  /** Owns a name and answers calls on an object, over reconnects. Rejects with `busy` when another process has the name. */
  serve(object: ServedObject, handle: CallHandler): Promise<void>;
  /** Dropped while the link is down: whoever listens re-reads after a reconnect. */
  emitSignal(path: string, name: string, member: string, signature: string, body: readonly unknown[]): void;
  /** The user behind a unique name, as the kernel told the bus. */
  callerUid(sender: string): Promise<number>;
  /** `calls`: made so far. `open`: waiting for a reply. */
  readonly counters: { readonly calls: number; readonly open: number };
}

/** Throws `invalid-input` for an address that names no local socket. */
export function createBus(options: { readonly address: string; readonly timeoutMs?: number }): BusClient {
  return new SupervisedBus(options.address, options.timeoutMs ?? 25_000);
}
