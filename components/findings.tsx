import { Icon } from "@/components/icon";
import { sayFinding } from "@/components/words";
import type { Finding } from "@/lib/images/types";

/** What was found on disk and cannot be used as it is, in plain sentences. */
export function Findings({ findings, title }: { findings: readonly Finding[]; title: string }) {
  if (findings.length === 0) return null;
  return (
    <section className="part" aria-labelledby="findings-title">
      <h2 id="findings-title">{title}</h2>
      <ul className="findings">
        {findings.map((finding) => (
          <li key={`${finding.code} ${JSON.stringify(finding.params)}`}>
            <Icon tone="attention" />
            <span>{sayFinding(finding)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
