import { AppError, type ErrorCode } from "@/lib/errors";
import { FLAG, type IncomingMessage, type OutgoingMessage, TYPE } from "./wire";

/** An object of ours on the bus, under a well-known name. */
export interface ServedObject {
  readonly name: string;
  readonly path: string;
  readonly interface: string;
  /** The `<interface …>…</interface>` element that describes it. */
  readonly introspection: string;
}

export interface MethodCall {
  readonly member: string;
  readonly body: readonly unknown[];
  /** Unique name of the caller, set by the bus. */
  readonly sender: string;
}

export interface MethodReply {
  readonly signature: string;
  readonly body: readonly unknown[];
}

export type CallHandler = (call: MethodCall) => Promise<MethodReply>;

/** The objects that this process offers, and the answers to calls on them. */
export class ServedObjects {
  readonly #objects = new Map<string, { object: ServedObject; handle: CallHandler }>();

  add(object: ServedObject, handle: CallHandler): void {
    this.#objects.set(object.path, { object, handle });
  }

  /** Never rejects. `null` when the caller wants no answer. */
  async answer(call: IncomingMessage): Promise<OutgoingMessage | null> {
    const reply = await this.#run(call).catch((error: unknown) => errorReply(error, call));
    if (call.flags & FLAG.noReplyExpected) return null;
    return { ...reply, replySerial: call.serial, destination: call.sender };
  }

  async #run(call: IncomingMessage): Promise<OutgoingMessage> {
    const body = readArguments(call);
    const served = this.#objects.get(call.path);
    if (call.interface === "org.freedesktop.DBus.Peer" && call.member === "Ping") return methodReturn("", []);
    if (call.interface === "org.freedesktop.DBus.Introspectable" && call.member === "Introspect") {
      return methodReturn("s", [this.#introspect(call.path)]);
    }
    if (!served) throw new AppError("not-found", { what: "object" });
    if (call.interface === "org.freedesktop.DBus.Properties" && call.member === "GetAll")
      return methodReturn("a{sv}", [{}]);
    if (call.interface !== "" && call.interface !== served.object.interface) {
      throw new AppError("not-found", { what: "interface" });
    }
    const { signature, body: values } = await served.handle({
      member: call.member,
      body,
      sender: call.sender,
    });
    return methodReturn(signature, values);
  }

  #introspect(path: string): string {
    const prefix = path === "/" ? "/" : `${path}/`;
    const below = [...this.#objects.keys()].filter((other) => other.startsWith(prefix));
    const children = new Set(below.map((other) => other.slice(prefix.length).split("/", 1)[0]));
    const nodes = [...children].map((child) => `<node name="${child}"/>`);
    return `<node>${STANDARD_INTERFACES}${this.#objects.get(path)?.object.introspection ?? ""}${nodes.join("")}</node>`;
  }
}

const STANDARD_INTERFACES =
  '<interface name="org.freedesktop.DBus.Peer"><method name="Ping"/></interface>' +
  '<interface name="org.freedesktop.DBus.Introspectable">' +
  '<method name="Introspect"><arg type="s" direction="out"/></method></interface>' +
  '<interface name="org.freedesktop.DBus.Properties"><method name="GetAll">' +
  '<arg type="s" direction="in"/><arg type="a{sv}" direction="out"/></method></interface>';

/** Error names of the D-Bus specification where one fits, so that `busctl` words them; all others are `Failed`. */
const ERROR_NAMES: Partial<Record<ErrorCode, string>> = {
  "not-found": "org.freedesktop.DBus.Error.UnknownMethod",
  "invalid-input": "org.freedesktop.DBus.Error.InvalidArgs",
  forbidden: "org.freedesktop.DBus.Error.AccessDenied",
  unauthenticated: "org.freedesktop.DBus.Error.AccessDenied",
};

function methodReturn(signature: string, body: readonly unknown[]): OutgoingMessage {
  return { type: TYPE.reply, signature, body };
}

/** The caller learns the code and nothing of our insides; an unforeseen error goes to our log. */
function errorReply(error: unknown, call: IncomingMessage): OutgoingMessage {
  if (!(error instanceof AppError))
    console.error(`${call.interface}.${call.member} from ${call.sender}:`, error);
  const code = error instanceof AppError ? error.code : "unexpected";
  const errorName = ERROR_NAMES[code] ?? "org.freedesktop.DBus.Error.Failed";
  return { type: TYPE.error, errorName, signature: "s", body: [code] };
}

function readArguments(call: IncomingMessage): readonly unknown[] {
  try {
    return call.readBody();
  } catch (cause) {
    throw new AppError("invalid-input", { member: call.member }, { cause });
  }
}
