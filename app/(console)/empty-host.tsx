import { cleanText } from "@/components/clean-text";
import { CodeBlock } from "@/components/code-block";

/** No service at all: where it looked, and the one command that fills the list. */
export function EmptyHost({ searched }: { searched: readonly string[] }) {
  return (
    <section className="panel" aria-labelledby="empty-title">
      <h2 id="empty-title">No portable service on this host yet</h2>
      <p>No image is attached, and none was found in the places that were searched:</p>
      <ul className="places">
        {searched.map((directory) => (
          <li key={directory}>
            <code>{cleanText(directory)}</code>
          </li>
        ))}
      </ul>
      <p>Put an image there and it appears here by itself, for example:</p>
      <CodeBlock code={`install -D -m 0444 web_1.0.0.raw ${placeFor("web", searched)}/web_1.0.0.raw`} />
    </section>
  );
}

/** Where an image of a service would be found: `/srv/*` stands for a directory of its own. */
function placeFor(service: string, searched: readonly string[]): string {
  const place = searched[0] ?? "/srv/*";
  return place.endsWith("/*") ? `${place.slice(0, -1)}${service}` : place;
}
