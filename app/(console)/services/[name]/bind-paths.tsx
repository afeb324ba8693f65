import type { Attempt } from "@/app/(console)/attempt";
import { cleanText } from "@/components/clean-text";
import { Status } from "@/components/icon";
import { SET_BY_WORDS, say } from "@/components/words";
import type { BindPathRow, ServiceDetails } from "@/lib/services/types";

/** What of the host the service can reach. */
export function BindPaths({ found }: { found: Attempt<ServiceDetails> }) {
  const rows: readonly BindPathRow[] = found.ok ? found.value.bindPaths : [];
  return (
    <section className="part" aria-labelledby="paths-title">
      <h2 id="paths-title">Bind paths</h2>
      {rows.length === 0 ? (
        <p className="quiet">{found.ok ? "It reaches no directory of the host." : say(found.problem)}</p>
      ) : (
        <>
          <p>
            These directories lie on the host, not in an image. An upgrade or a rollback does nothing to what
            is in them: an older version finds what a newer one has written.
          </p>
          <table className="fact-table">
            <thead>
              <tr>
                <th scope="col">On the host</th>
                <th scope="col">In the service</th>
                <th scope="col">Access</th>
                <th scope="col">Set by</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={`${row.unit} ${row.source} ${row.destination} ${row.file}`}>
                  <td data-label="On the host">
                    <code>{cleanText(row.source)}</code>
                    {row.exists === false && (
                      <Status
                        tone="attention"
                        word={row.optional ? "Does not exist (optional)" : "Does not exist"}
                      />
                    )}
                  </td>
                  <td data-label="In the service">
                    <code>{cleanText(row.destination)}</code>
                  </td>
                  <td data-label="Access">{`${row.writable ? "Writable" : "Read-only"}${row.optional ? ", optional" : ""}`}</td>
                  <td data-label="Set by">
                    {`${SET_BY_WORDS[row.setBy]} `}
                    <code>{cleanText(row.file)}</code>
                    <span className="quiet">{` for ${cleanText(row.unit)}`}</span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
    </section>
  );
}
