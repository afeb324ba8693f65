/** The images that a `20-portable.conf` names in its first line: the root image first, then extensions. */
export interface Marker {
  readonly path: string;
  readonly extensions: readonly string[];
}

/**
 * Reads portabled's marker, the only record of which file is really attached:
 * `# Drop-in created for image '/srv/a/a_1.raw:/srv/x\x3ay.raw', do not edit.`
 * `null` for any other line. Extensions are escaped, the root image is not on
 * all versions, so a part that is no absolute path belongs to the one before.
 */
export function parseMarker(line: string): Marker | null {
  const text = /^# Drop-in created for image '(.*)', do not edit\.\s*$/.exec(line)?.[1];
  if (!text) return null;
  const parts: string[] = [];
  for (const part of text.split(":")) {
    const last = parts.at(-1);
    if (part.startsWith("/") || last === undefined) parts.push(part);
    else parts[parts.length - 1] = `${last}:${part}`;
  }
  const [path, ...extensions] = parts.map(unescapeBytes);
  return path?.startsWith("/") ? { path, extensions } : null;
}

/** Whether the text of a `20-portable.conf` is that of an attachment of this root image, whatever lies on it. */
export function isMarkerOf(text: string, image: string): boolean {
  return parseMarker(text.split("\n", 1)[0] ?? "")?.path === image;
}

/** How a marker may name an image: as it is, and escaped where that is another text. */
export function markerNames(image: string): string[] {
  const escaped = [...Buffer.from(image)].map((byte) =>
    byte < 0x20 || byte >= 0x7f || byte === BACKSLASH || byte === COLON
      ? `\\x${byte.toString(16).padStart(2, "0")}`
      : String.fromCharCode(byte),
  );
  return [...new Set([image, escaped.join("")])];
}

const [BACKSLASH, COLON] = [0x5c, 0x3a];

/** `\xc3\xa9` → "é": what `xescape` of systemd does to bytes, undone. */
function unescapeBytes(text: string): string {
  return text.replace(/(?:\\x[0-9a-fA-F]{2})+/g, (run) =>
    Buffer.from(run.replaceAll("\\x", ""), "hex").toString("utf8"),
  );
}
