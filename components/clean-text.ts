/**
 * Makes foreign text safe to look at: what would steer a terminal, hide or
 * reorder characters is shown as an escape (`\u202e`), never obeyed and never
 * dropped. Unit names, journal lines and os-release are all hostile here.
 */
export function cleanText(text: string, options: { lines?: boolean } = {}): string {
  const pattern = options.lines === true ? HIDDEN_BUT_LINES : HIDDEN;
  return text.replace(COLOUR_SEQUENCE, "").replace(pattern, escapeCharacter);
}

/** C0 and C1 controls, bidi controls and marks, zero-width and tag characters, line separators, lone surrogates. */
const HIDDEN =
  /[\p{Cc}\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e0fff}]|\p{Cs}/gu;
const HIDDEN_BUT_LINES = new RegExp(`(?![\\n\\t])(?:${HIDDEN.source})`, "gu");

/** Programs colour their logs; the colours mean nothing here and their escapes would only be noise. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what we look for
const COLOUR_SEQUENCE = /\u001b\[[0-9;:]*m/g;

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, "0")}`;
}
