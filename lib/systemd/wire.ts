import DBusBuffer from "dbus-next/lib/dbus-buffer.js";
import marshalling from "dbus-next/lib/marshall-compat.js";
import messageType from "dbus-next/lib/message-type.js";
import variants from "dbus-next/lib/variant.js";

/** Message types of the D-Bus specification. */
export const TYPE = { call: 1, reply: 2, error: 3, signal: 4 } as const;
export const FLAG = { noReplyExpected: 1, noAutoStart: 2 } as const;

/** A message to send; which fields are needed follows from its type. */
export interface OutgoingMessage {
  readonly type: number;
  readonly flags?: number;
  readonly path?: string;
  readonly interface?: string;
  readonly member?: string;
  readonly destination?: string;
  readonly errorName?: string;
  readonly replySerial?: number;
  readonly signature?: string;
  readonly body?: readonly unknown[];
}

/** A message that arrived. Strings that its sender left out are empty. `sender` is set by the bus and cannot be forged. */
export interface IncomingMessage {
  readonly type: number;
  readonly flags: number;
  readonly serial: number;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly errorName: string;
  readonly replySerial: number;
  readonly sender: string;
  /**
   * Decodes the body: `t` and `x` as bigint, `ay` as Buffer, dictionaries as
   * objects, variants as the value inside. Late on purpose: any local user may
   * send us a signal, and must not make us decode megabytes. May be called by
   * any number of readers. Throws on types we do not take (`h`).
   */
  readonly readBody: () => readonly unknown[];
  /** Of a body that is one `a{sv}`, the entries with these names, as `readBody` has them; the others are passed over. Throws on any other body. */
  readonly readEntries: (names: ReadonlySet<string>) => Readonly<Record<string, unknown>>;
}

/** Throws when a value does not fit the signature, or a name or path is malformed. */
export function encodeMessage(message: OutgoingMessage, serial: number): Buffer {
  return marshalling.marshallMessage(
    new messageType.Message({ ...message, body: [...(message.body ?? [])], serial }),
  )[0];
}

/** Decodes the header of one whole frame. */
export function decodeMessage(frame: Buffer): IncomingMessage {
  const reader = new DBusBuffer(frame, 0, frame.readUInt8(0), null, { ayBuffer: true });
  const [, type, flags, , , serial, fields] = reader.read("yyyyuua(yv)");
  const header = headerFields(fields);
  const text = (code: number) => String(header.get(code) ?? "");
  const signature = text(8);
  reader.align(3);
  const bodyAt = reader.pos;
  return {
    type: Number(type),
    flags: Number(flags),
    serial: Number(serial),
    path: text(1),
    interface: text(2),
    member: text(3),
    errorName: text(4),
    replySerial: Number(header.get(5) ?? 0),
    sender: text(7),
    readBody: () => {
      if (!signature) return [];
      reader.pos = bodyAt;
      return readValues(reader, signature);
    },
    readEntries: (names) => {
      if (signature !== "a{sv}") throw new Error(`${signature} is no dictionary of variants`);
      reader.pos = bodyAt;
      return pickEntries(reader, names);
    },
  };
}

/** Cuts a byte stream into frames. Throws when the peer announces a message larger than the protocol allows. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #held = 0;
  #needed = HEADER_BYTES;

  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    if (this.#held < this.#needed) return [];

    let rest = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#held);
    const frames: Buffer[] = [];
    for (;;) {
      this.#needed = rest.length < HEADER_BYTES ? HEADER_BYTES : frameBytes(rest);
      if (rest.length < this.#needed) break;
      frames.push(rest.subarray(0, this.#needed));
      rest = rest.subarray(this.#needed);
    }
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#held = rest.length;
    return frames;
  }
}

const HEADER_BYTES = 16;
const LARGEST_MESSAGE = 128 * 1024 * 1024;
const LITTLE_ENDIAN = 0x6c;

function frameBytes(start: Buffer): number {
  const read = (offset: number) =>
    start[0] === LITTLE_ENDIAN ? start.readUInt32LE(offset) : start.readUInt32BE(offset);
  const total = HEADER_BYTES + Math.ceil(read(12) / 8) * 8 + read(4);
  if (total > LARGEST_MESSAGE) throw new Error(`a D-Bus message of ${total} bytes is not allowed`);
  return total;
}

/** dbus-next hands out header fields as [code, [type tree, [value]]]. */
function headerFields(fields: unknown): Map<number, unknown> {
  const header = new Map<number, unknown>();
  for (const field of Array.isArray(fields) ? fields : []) header.set(Number(field[0]), field[1][1][0]);
  return header;
}

function readValues(reader: DBusBuffer, signature: string): unknown[] {
  const { body } = marshalling.messageToJsFmt({ signature, body: reader.read(signature) });
  return signature.includes("v") ? body.map(withoutVariants) : body;
}

/** A service has 300 properties, of which nobody wants more than 20: to decode them all takes longer than to ask. */
function pickEntries(reader: DBusBuffer, names: ReadonlySet<string>): Record<string, unknown> {
  const bytes = reader.readInt32();
  reader.align(3);
  const end = reader.pos + bytes;
  const picked: [string, unknown][] = [];
  while (reader.pos < end) {
    reader.align(3);
    const name = reader.readSimpleType("s");
    if (names.has(name)) picked.push([name, readValues(reader, "v")[0]]);
    else passOver(reader, "v", 0);
  }
  return Object.fromEntries(picked);
}

/** Padding of a type as a power of two. https://dbus.freedesktop.org/doc/dbus-specification.html#idm694 */
const PADDING: Readonly<Record<string, number>> = {
  ...{ y: 0, g: 0, v: 0, n: 1, q: 1, b: 2, i: 2, u: 2, s: 2, o: 2, a: 2 },
  ...{ x: 3, t: 3, d: 3, "(": 3, "{": 3 },
};

/** Moves behind the value whose type begins at `at`. Returns where in the signature the next type begins. */
function passOver(reader: DBusBuffer, signature: string, at: number): number {
  const type = signature.charAt(at);
  const padding = PADDING[type];
  if (padding === undefined) throw new Error(`values of type ${signature} are not taken`);
  reader.align(padding);
  switch (type) {
    case "v":
      passOver(reader, reader.readSimpleType("g"), 0);
      return at + 1;
    case "g":
    case "s":
    case "o": {
      const bytes = type === "g" ? reader.readInt8() : reader.readInt32();
      reader.pos += bytes + 1; // and its end
      return at + 1;
    }
    case "a": {
      const bytes = reader.readInt32();
      reader.align(PADDING[signature.charAt(at + 1)] ?? 0);
      reader.pos += bytes;
      return endOfType(signature, at + 1);
    }
    case "(": {
      let next = at + 1;
      while (signature.charAt(next) !== ")") next = passOver(reader, signature, next);
      return next + 1;
    }
    default: // what has a fixed size is padded to it
      reader.pos += 1 << padding;
      return at + 1;
  }
}

/** Where the single complete type that begins at `at` ends. */
function endOfType(signature: string, at: number): number {
  const rest = signature.slice(at);
  const arrays = /^a*/.exec(rest)?.[0].length ?? 0;
  let depth = 0;
  for (let next = arrays; next < rest.length; next++) {
    if ("({".includes(rest.charAt(next))) depth++;
    if (")}".includes(rest.charAt(next))) depth--;
    if (depth === 0) return at + next + 1;
  }
  throw new Error(`${signature} is no signature`);
}

function withoutVariants(value: unknown): unknown {
  if (value instanceof variants.Variant) return withoutVariants(value.value);
  if (Array.isArray(value)) return value.map(withoutVariants);
  if (typeof value !== "object" || value === null || Buffer.isBuffer(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutVariants(inner)]));
}
