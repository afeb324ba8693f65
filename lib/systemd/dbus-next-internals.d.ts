// The parts of dbus-next 0.10.2 that turn messages into bytes and back. They are reached by their file
// names because the package's entry point also loads an X11 lookup and a connection without supervision.
// The version is pinned exactly; the package has no `exports` map, so the paths hold.

declare module "dbus-next/lib/message-type.js" {
  /** Checks names and paths when constructed: the bus closes a connection that sends a malformed one. */
  class Message {
    constructor(fields: Readonly<Record<string, unknown>>);
  }
  const exported: { Message: typeof Message };
  export default exported;
}

declare module "dbus-next/lib/marshall-compat.js" {
  const exported: {
    marshallMessage(message: object): [Buffer, unknown[]];
    messageToJsFmt(message: { signature: string; body: unknown }): { body: unknown[] };
  };
  export default exported;
}

declare module "dbus-next/lib/dbus-buffer.js" {
  export default class DBusBuffer {
    constructor(buffer: Buffer, startPos: number, endian: number, fds: null, options: { ayBuffer: boolean });
    /** Where the next value is read. */
    pos: number;
    align(power: number): void;
    read(signature: string): unknown[];
    /** An unsigned byte. */
    readInt8(): number;
    /** An unsigned number of 32 bits, after its padding. */
    readInt32(): number;
    readSimpleType(type: "s" | "g"): string;
  }
}

declare module "dbus-next/lib/variant.js" {
  class Variant {
    constructor(signature: string, value: unknown);
    readonly signature: string;
    readonly value: unknown;
  }
  const exported: { Variant: typeof Variant };
  export default exported;
}
