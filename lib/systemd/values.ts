// D-Bus values into plain ones. The bus has checked every value against its signature; what is missing
// (an older systemd lacks the property) becomes the empty value of its kind.

export type Properties = Readonly<Record<string, unknown>>;

export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(text) : [];
}

export function flag(value: unknown): boolean {
  return value === true;
}

export function count(value: unknown): number {
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : 0;
}

/** Rows of an array of structures. */
export function rows(value: unknown): readonly (readonly unknown[])[] {
  return Array.isArray(value) ? value.filter((row) => Array.isArray(row)) : [];
}

export function properties(value: unknown): Properties {
  return isProperties(value) ? value : {};
}

/** Microseconds since 1970 as ms; systemd writes 0 or 2^64−1 for "never". */
export function timeMs(value: unknown): number | null {
  if (typeof value !== "bigint" || value === 0n || value === INFINITE) return null;
  return Number(value / 1000n);
}

/** A span in microseconds as ms; `null` = without end. */
export function spanMs(value: unknown): number | null {
  if (typeof value !== "bigint" || value === INFINITE) return null;
  return Number(value / 1000n);
}

/** Bytes as lower-case hex. */
export function hex(value: unknown): string {
  return Buffer.isBuffer(value) ? value.toString("hex") : "";
}

/** Bytes as text; what is no UTF-8 is replaced, since files of an image may hold anything. */
export function lossyText(value: unknown): string {
  return Buffer.isBuffer(value) ? value.toString("utf8") : "";
}

const INFINITE = 0xffff_ffff_ffff_ffffn;

function isProperties(value: unknown): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value);
}
