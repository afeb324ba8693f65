import { AppError } from "@/lib/errors";

/** A socket that a bus listens on: a file, or a name in Linux' abstract namespace. */
export interface BusAddress {
  readonly kind: "path" | "abstract";
  readonly name: string;
}

/**
 * Reads a D-Bus server address: alternatives separated by `;`, values with
 * `%xx` escapes. Only local sockets are understood; other transports are
 * passed over. Throws `invalid-input` when no usable alternative is left.
 *
 * https://dbus.freedesktop.org/doc/dbus-specification.html#addresses
 */
export function parseBusAddress(text: string): readonly BusAddress[] {
  const usable = text.split(";").flatMap((alternative) => {
    const colon = alternative.indexOf(":");
    return alternative.slice(0, colon) === "unix" ? unixAddress(alternative.slice(colon + 1)) : [];
  });
  if (usable.length === 0) throw new AppError("invalid-input", { address: text });
  return usable;
}

/** What `net.connect` takes; an abstract name starts with a zero byte. */
export function socketPath(address: BusAddress): string {
  return address.kind === "abstract" ? `\0${address.name}` : address.name;
}

function unixAddress(options: string): BusAddress[] {
  for (const option of options.split(",")) {
    const equals = option.indexOf("=");
    const key = option.slice(0, equals);
    const name = unescapeValue(option.slice(equals + 1));
    if ((key === "path" || key === "abstract") && name) return [{ kind: key, name }];
  }
  return [];
}

/** `decodeURIComponent` would throw on a lone `%` and on bytes that are no UTF-8. */
function unescapeValue(value: string): string {
  const bytes = value.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return bytes === value ? value : Buffer.from(bytes, "latin1").toString("utf8");
}
