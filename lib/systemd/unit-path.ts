const UNITS = "/org/freedesktop/systemd1/unit/";

/** The namespace below which PID 1 keeps its units. */
export const UNIT_NAMESPACE = "/org/freedesktop/systemd1/unit";

/** The object path of a unit: every byte that is no ASCII letter or digit, and a leading digit, becomes `_xx`. */
export function unitPath(name: string): string {
  if (name === "") return `${UNITS}_`;
  const label = Array.from(Buffer.from(name, "utf8"), (byte, index) => {
    const character = String.fromCharCode(byte);
    const plain = index === 0 ? /[A-Za-z]/ : /[A-Za-z0-9]/;
    return plain.test(character) ? character : `_${byte.toString(16).padStart(2, "0")}`;
  });
  return UNITS + label.join("");
}

/** The unit behind an object path; `null` when the path is not that of a unit. */
export function unitName(path: string): string | null {
  if (!path.startsWith(UNITS)) return null;
  const label = path.slice(UNITS.length);
  if (label === "" || label.includes("/")) return null;
  if (label === "_") return "";
  const bytes = label.replace(/_([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, "latin1").toString("utf8");
}
