import type { Tone } from "@/components/tones";

/**
 * The five shapes, drawn once per page and used by reference. Each differs in
 * outline, so that they can be told apart without colour.
 */
export function IconShapes() {
  return (
    <svg width="0" height="0" className="shapes" aria-hidden="true" focusable="false">
      <symbol id="i-good" viewBox="0 0 16 16">
        <circle cx="8" cy="8" r="7" fill="currentColor" />
        <path d="m4.8 8.3 2.2 2.2 4.2-4.6" fill="none" stroke="var(--page)" strokeWidth="1.8" />
      </symbol>
      <symbol id="i-active" viewBox="0 0 16 16">
        <circle cx="8" cy="8" r="6.1" fill="none" stroke="currentColor" strokeWidth="1.8" opacity=".35" />
        <path d="M8 1.9a6.1 6.1 0 0 1 0 12.2" fill="none" stroke="currentColor" strokeWidth="1.8" />
      </symbol>
      <symbol id="i-attention" viewBox="0 0 16 16">
        <path d="M8 1.2 15.4 14.4H.6Z" fill="currentColor" />
        <path d="M8 5.8v4M8 11.2v1.6" stroke="var(--page)" strokeWidth="1.6" />
      </symbol>
      <symbol id="i-bad" viewBox="0 0 16 16">
        <rect x="1" y="1" width="14" height="14" rx="2" fill="currentColor" />
        <path d="m5 5 6 6m0-6-6 6" stroke="var(--page)" strokeWidth="1.8" />
      </symbol>
      <symbol id="i-quiet" viewBox="0 0 16 16">
        <circle cx="8" cy="8" r="6.1" fill="none" stroke="currentColor" strokeWidth="1.8" />
      </symbol>
    </svg>
  );
}

/** The shape of a tone; always beside a word, so it is hidden from screen readers. */
export function Icon({ tone }: { tone: Tone }) {
  return (
    <svg className={tone === "active" ? "icon spin" : "icon"} aria-hidden="true" focusable="false">
      <use href={`#i-${tone}`} />
    </svg>
  );
}

/** Shape and word of one state. */
export function Status({ tone, word }: { tone: Tone; word: string }) {
  return (
    <span className={`status tone-${tone}`}>
      <Icon tone={tone} />
      {word}
    </span>
  );
}
