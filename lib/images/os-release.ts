/** Reads an os-release(5) text: the last assignment of a key wins, nothing is expanded, lines that are none are skipped. */
export function parseOsRelease(text: string): Record<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split(/[\r\n]+/)) {
    const assignment = /^\s*([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line);
    if (assignment?.[1] !== undefined && assignment[2] !== undefined)
      fields.set(assignment[1], unquote(assignment[2].trim()));
  }
  // The keys are hostile text: `fromEntries` defines own properties, so "__proto__" stays a mere name.
  return Object.fromEntries(fields);
}

/** `PORTABLE_PREFIXES=` as a list; empty when the image declares none. */
export function portablePrefixes(osRelease: Readonly<Record<string, string>>): string[] {
  return (osRelease.PORTABLE_PREFIXES ?? "").split(/\s+/).filter((prefix) => prefix !== "");
}

function unquote(value: string): string {
  if (/^'[^']*'$/.test(value)) return value.slice(1, -1);
  if (/^"(?:[^"\\]|\\.)*"$/.test(value)) return value.slice(1, -1).replace(/\\(["\\$`])/g, "$1");
  return value;
}
