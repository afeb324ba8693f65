import net from "node:net";
import { AppError } from "@/lib/errors";
import { type BusAddress, socketPath } from "./address";
import {
  decodeMessage,
  encodeMessage,
  FrameReader,
  type IncomingMessage,
  type OutgoingMessage,
  TYPE,
} from "./wire";

export type Reply =
  | { readonly ok: true; readonly message: IncomingMessage }
  | { readonly ok: false; readonly error: AppError };

export interface ConnectionEvents {
  /** Authenticated and greeted: messages may be sent. */
  onReady(): void;
  /** Calls to us and signals; replies go to whoever asked. */
  onMessage(message: IncomingMessage): void;
  /** Once, whatever the reason, also after `close`. */
  onClosed(reason: Error): void;
}

/** How long a bus may take from accepting the socket to its first reply. */
const GREETING_MS = 10_000;

/** One connection to a message bus, from socket to end. It never comes back; `createBus` makes the next one. */
export class Connection {
  readonly #socket: net.Socket;
  readonly #events: ConnectionEvents;
  readonly #replies = new Map<number, (reply: Reply) => void>();
  readonly #frames = new FrameReader();
  readonly #greeting: NodeJS.Timeout;
  #serial = 0;
  #authLine = "";
  #authenticated = false;
  #closed = false;

  constructor(address: BusAddress, events: ConnectionEvents) {
    this.#events = events;
    this.#socket = net.connect(socketPath(address));
    this.#greeting = setTimeout(() => this.close(new Error("the bus does not answer")), GREETING_MS);
    this.#socket.on("connect", () => this.#socket.write(`\0AUTH EXTERNAL ${ownUidInHex()}\r\n`));
    this.#socket.on("data", (chunk) => this.#receive(chunk));
    this.#socket.on("error", (error) => this.close(error));
    this.#socket.on("close", () => this.close(new Error("the bus closed the connection")));
  }

  /** Calls that wait for a reply. */
  get waiting(): number {
    return this.#replies.size;
  }

  /** Sends without expecting an answer; what cannot be sent any more is dropped. Throws when a value does not fit. */
  send(message: OutgoingMessage): void {
    if (!this.#closed) this.#write(message);
  }

  /**
   * Sends a call. `onReply` runs as soon as the reply is read, before any later
   * message is looked at, or with an error when the connection ends first.
   * Returns the serial, to be given to `forget`.
   */
  request(message: OutgoingMessage, onReply: (reply: Reply) => void): number {
    if (this.#closed) throw new AppError("bus-unreachable", { member: message.member ?? "" });
    const serial = this.#write(message);
    this.#replies.set(serial, onReply);
    return serial;
  }

  /** A late reply will be ignored. */
  forget(serial: number): void {
    this.#replies.delete(serial);
  }

  /** Ends the connection; every open call fails with `bus-unreachable`, its outcome unknown. */
  close(reason: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#greeting);
    this.#socket.destroy();
    const open = [...this.#replies.values()];
    this.#replies.clear();
    this.#events.onClosed(reason);
    for (const onReply of open) {
      onReply({
        ok: false,
        error: new AppError("bus-unreachable", { reason: reason.message }, { cause: reason }),
      });
    }
  }

  #write(message: OutgoingMessage): number {
    // Serials are 32 bits wide and never 0.
    this.#serial = this.#serial >= 0xffff_ffff ? 1 : this.#serial + 1;
    this.#socket.write(encodeMessage(message, this.#serial));
    return this.#serial;
  }

  #receive(chunk: Buffer): void {
    try {
      const bytes = this.#authenticated ? chunk : this.#authenticate(chunk);
      for (const frame of this.#frames.push(bytes)) {
        if (!this.#closed) this.#dispatch(decodeMessage(frame));
      }
    } catch (error) {
      this.close(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** The one line between our AUTH and the first message. Returns what follows it. */
  #authenticate(chunk: Buffer): Buffer {
    this.#authLine += chunk.toString("latin1");
    const end = this.#authLine.indexOf("\r\n");
    if (end < 0 && this.#authLine.length < 4096) return Buffer.alloc(0);
    if (!this.#authLine.startsWith("OK ")) throw new Error("the bus refused to authenticate this user");
    this.#authenticated = true;
    this.#socket.write("BEGIN\r\n");
    this.request(busCall("Hello"), (reply) => {
      if (!reply.ok) return;
      if (reply.message.type === TYPE.error)
        return this.close(new Error(`Hello: ${reply.message.errorName}`));
      clearTimeout(this.#greeting);
      this.#events.onReady();
    });
    return Buffer.from(this.#authLine.slice(end + 2), "latin1");
  }

  #dispatch(message: IncomingMessage): void {
    if (message.type !== TYPE.reply && message.type !== TYPE.error) {
      this.#events.onMessage(message);
      return;
    }
    const onReply = this.#replies.get(message.replySerial);
    this.#replies.delete(message.replySerial);
    onReply?.({ ok: true, message });
  }
}

/** The bus itself, as something to call. */
export const BUS = {
  destination: "org.freedesktop.DBus",
  path: "/org/freedesktop/DBus",
  interface: "org.freedesktop.DBus",
} as const;

export function busCall(member: string, signature = "", body: readonly unknown[] = []): OutgoingMessage {
  return { ...BUS, type: TYPE.call, member, signature, body };
}

function ownUidInHex(): string {
  return Buffer.from(String(process.getuid?.() ?? 0), "latin1").toString("hex");
}
