import type { Tone } from "@/components/tones";

/**
 * The shape of a tone, drawn by the style sheet (`icon-*`), so that hundreds of
 * rows cost no element each. It always stands beside a word and says nothing to
 * a screen reader.
 */
export function Icon({ tone }: { tone: Tone }) {
  return <span className={`icon-${tone} tone-${tone}`} />;
}

/** Shape and word of one state. */
export function Status({ tone, word }: { tone: Tone; word: string }) {
  return <span className={`status icon-${tone} tone-${tone}`}>{word}</span>;
}
