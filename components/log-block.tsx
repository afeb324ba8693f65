import { cleanText } from "@/components/clean-text";
import { isoTime, utcStamp } from "@/components/time-words";
import type { LogLine } from "@/lib/deploy/types";

/** syslog: 3 = error, and everything below is worse. */
const ERROR_PRIORITY = 3;

/** Journal lines, hostile text, in a box of their own that alone may scroll sideways. */
export function LogBlock({ lines }: { lines: readonly LogLine[] }) {
  return (
    <section className="log" aria-label="Last journal lines">
      <ol>
        {lines.map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two lines may be equal in everything, and the list never changes
          <li key={index} className={line.priority <= ERROR_PRIORITY ? "log-error" : undefined}>
            <time dateTime={isoTime(line.at)} title={utcStamp(line.at)}>
              {isoTime(line.at).slice(11, 19)}
            </time>
            <span>{cleanText(line.text, { lines: true })}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
