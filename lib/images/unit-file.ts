/** One `Key=value` of a unit file, in order; an empty value resets what a list held before. */
export interface UnitSetting {
  readonly section: string;
  readonly key: string;
  readonly value: string;
}

/**
 * Reads a unit file or drop-in (systemd.syntax(7)): comments, also between
 * continued lines, are dropped; a trailing backslash joins lines with a space.
 * Specifiers are left as they are. Lines that fit nothing are skipped, as PID 1
 * does.
 */
export function parseUnitFile(text: string): UnitSetting[] {
  const settings: UnitSetting[] = [];
  let section = "";
  for (const line of logicalLines(text)) {
    const header = /^\[([^\]]*)\]$/.exec(line);
    if (header) {
      section = header[1] ?? "";
      continue;
    }
    const equals = line.indexOf("=");
    if (equals <= 0) continue;
    settings.push({ section, key: line.slice(0, equals).trim(), value: line.slice(equals + 1).trim() });
  }
  return settings;
}

/** Words of a list setting that adds up, e.g. `BindPaths=`, after empty assignments; quotes and escapes resolved. */
export function listSetting(settings: readonly UnitSetting[], section: string, key: string): string[] {
  let words: string[] = [];
  for (const setting of settings) {
    if (setting.section !== section || setting.key !== key) continue;
    words = setting.value === "" ? [] : [...words, ...splitWords(setting.value)];
  }
  return words;
}

/** Splits at white space as PID 1 does: `"a b"` and `'a b'` are one word, a backslash keeps the next character. */
export function splitWords(value: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote = "";
  for (let i = 0; i < value.length; i++) {
    const character = value.charAt(i);
    if (character === "\\" && quote !== "'" && i + 1 < value.length) {
      // "\:" is left to the reader of the word: there the colon separates.
      const next = value.charAt(++i);
      word = (word ?? "") + (next === ":" ? "\\:" : next);
    } else if (quote !== "") {
      if (character === quote) quote = "";
      else word = (word ?? "") + character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= "";
    } else if (/\s/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? "") + character;
  }
  if (word !== null) words.push(word);
  return words;
}

function logicalLines(text: string): string[] {
  const lines: string[] = [];
  let open: string | null = null;
  for (const raw of text.split("\n")) {
    const line = raw.trim();
    if (/^[#;]/.test(line) || (line === "" && open === null)) continue;
    const joined: string = open === null ? line : `${open} ${line}`;
    if (isOpen(line)) open = joined.slice(0, -1);
    else {
      lines.push(joined.trim());
      open = null;
    }
  }
  if (open !== null) lines.push(open.trim());
  return lines;
}

/** A backslash that another one escapes joins nothing. */
function isOpen(line: string): boolean {
  return (/\\*$/.exec(line)?.[0].length ?? 0) % 2 === 1;
}
