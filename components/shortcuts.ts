export type KeyAction = "help" | "search" | "next" | "previous" | "services" | "history";

interface Key {
  /** The character that the key produced, so that any keyboard layout works. */
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

const SINGLE: Readonly<Record<string, KeyAction>> = { "?": "help", "/": "search", j: "next", k: "previous" };
const AFTER_G: Readonly<Record<string, KeyAction>> = { s: "services", h: "history" };

/** What a key means after the one before it; `null` for all that belongs to the browser or to nobody. */
export function actionFor(key: Key, before: string): KeyAction | null {
  // AltGr, which many layouts need for "/" or "?", reports both Ctrl and Alt.
  const isAltGr = key.ctrlKey && key.altKey;
  if (key.metaKey || ((key.ctrlKey || key.altKey) && !isAltGr)) return null;
  const table = before === "g" ? AFTER_G : SINGLE;
  return Object.hasOwn(table, key.key) ? (table[key.key] ?? null) : null;
}
