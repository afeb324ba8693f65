import { cleanText } from "@/components/clean-text";

const LINES: Readonly<Record<string, { className: string; word: string }>> = {
  "-": { className: "diff-gone", word: "Removed: " },
  "+": { className: "diff-new", word: "Added: " },
};

/** Lines of a file that differ, hostile text; what is not seen by colour is said in a word. */
export function DiffBlock({ diff, label }: { diff: string; label: string }) {
  return (
    <section className="log diff" aria-label={label}>
      <ol>
        {diff.split("\n").map((line, index) => {
          const known = LINES[line.charAt(0)];
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: two lines may be equal, and the list never changes
            <li key={index} className={known?.className}>
              {known && <span className="sr">{known.word}</span>}
              <span>{cleanText(line)}</span>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
