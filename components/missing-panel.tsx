import { CodeBlock } from "@/components/code-block";
import { Icon } from "@/components/icon";
import { MISSING, say } from "@/components/words";
import type { Message } from "@/lib/errors";

/** What this host lacks before anything can be changed here, each with the command that adds it. */
export function MissingPanel({ missing }: { missing: readonly Message[] }) {
  if (missing.length === 0) return null;
  return (
    <section className="panel panel-attention" aria-labelledby="missing-title">
      <h2 id="missing-title">
        <Icon tone="attention" />
        What is missing
      </h2>
      <p>
        This page shows what can be seen without it, changes nothing, and connects by itself once it is there.
        Commands are for root.
      </p>
      <ul className="plain">
        {missing.map((message) => {
          const known = Object.hasOwn(MISSING, message.code) ? MISSING[message.code] : undefined;
          return (
            <li key={message.code}>
              <p>{known?.sentence ?? say(message)}</p>
              {known && <CodeBlock code={known.command} />}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
