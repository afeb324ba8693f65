import { AppError } from "@/lib/errors";
import { busCall, type Connection } from "./connection";
import { type IncomingMessage, TYPE } from "./wire";

/** The values of a reply; throws what an error reply says, as described at `BusClient.call`. */
export function readReply(
  message: IncomingMessage,
  member: string,
  entries?: ReadonlySet<string>,
): readonly unknown[] {
  if (message.type === TYPE.error) throw errorOf(message, member);
  try {
    return entries ? [message.readEntries(entries)] : message.readBody();
  } catch (cause) {
    throw new AppError("call-failed", { name: "unreadable-reply", text: "", member }, { cause });
  }
}

/** Takes a well-known name without queueing for it; `busy` when another process has it. */
export async function requestName(connection: Connection, name: string): Promise<void> {
  const [answer] = await askBus(connection, "RequestName", "su", [name, DO_NOT_QUEUE]);
  if (!NAME_IS_OURS.includes(Number(answer))) throw new AppError("busy", { name });
}

/** A call to the bus itself, outside the count of open calls: connections are set up with it. */
export function askBus(
  connection: Connection,
  member: string,
  signature: string,
  body: readonly unknown[],
): Promise<readonly unknown[]> {
  return new Promise((resolve, reject) => {
    connection.request(busCall(member, signature, body), (reply) => {
      if (!reply.ok) return reject(reply.error);
      try {
        resolve(readReply(reply.message, member));
      } catch (error) {
        reject(error);
      }
    });
  });
}

const DO_NOT_QUEUE = 4;
/** "Primary owner" and "already owner" of RequestName. */
const NAME_IS_OURS = [1, 4];
const DENIED = [
  "org.freedesktop.DBus.Error.AccessDenied",
  "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired",
];
/** Enough for every sentence of systemd; the other side decides what it sends. */
const LONGEST_TEXT = 1000;

function errorOf(message: IncomingMessage, member: string): AppError {
  const params = { name: message.errorName, text: errorText(message), member };
  return new AppError(DENIED.includes(message.errorName) ? "bus-denied" : "call-failed", params);
}

function errorText(message: IncomingMessage): string {
  try {
    const [text] = message.readBody();
    return typeof text === "string" ? text.slice(0, LONGEST_TEXT) : "";
  } catch {
    // The name alone says what went wrong.
    return "";
  }
}
