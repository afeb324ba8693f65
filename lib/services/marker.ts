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

/** `\xc3\xa9` → "é": what `xescape` of systemd does to bytes, undone. */
function unescapeBytes(text: string): string {
  return text.replace(/(?:\\x[0-9a-fA-F]{2})+/g, (run) =>
    Buffer.from(run.replaceAll("\\x", ""), "hex").toString("utf8"),
  );
}
