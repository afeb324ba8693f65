import { deployVersion } from "@/app/(console)/actions";
import { RehearsalNote } from "@/app/(console)/services/[name]/rehearsal-note";
import { ActionButton, RefusedButton } from "@/components/action-button";
import { cleanText } from "@/components/clean-text";
import { byteSize, ownerName, permissions, versionName } from "@/components/image-words";
import { sayMark } from "@/components/mark-words";
import { writeTarget } from "@/components/target";
import { isoTime, timeAgo, utcStamp } from "@/components/time-words";
import { takenBackWords } from "@/components/version-words";
import { KIND_WORDS, sayRefusal } from "@/components/words";
import { planDeployment } from "@/lib/deploy/plan";
import type { Kind } from "@/lib/deploy/types";
import type { VersionFacts } from "@/lib/history/version-facts";
import type { ImageVersion } from "@/lib/images/types";
import type { Service } from "@/lib/services/types";

interface VersionsProps {
  readonly service: Service;
  /** What became of each here, by label. */
  readonly facts: VersionFacts["versions"];
  readonly now: number;
  readonly isReadOnly: boolean;
}

/** Every version on disk, newest first, each with a button or the reason why there is none. */
export function Versions({ service, facts, now, isReadOnly }: VersionsProps) {
  return (
    <section className="part" aria-labelledby="versions-title">
      <h2 id="versions-title">Versions</h2>
      {service.versions.length === 0 ? (
        <p className="quiet">No image file of this service is on disk.</p>
      ) : (
        <ul className="versions">
          {service.versions.map((version, index) => (
            <li key={version.path}>
              <div className="version-head">
                <h3>
                  <code>{versionName(version.label)}</code>
                </h3>
                <Badge service={service} version={version} facts={facts} now={now} />
              </div>
              <div>
                <Facts version={version} />
                <MarkOf service={service} version={version} />
              </div>
              <RehearsalNote version={version} now={now} isReadOnly={isReadOnly} />
              <Switch service={service} version={version} isReadOnly={isReadOnly} id={`version-${index}`} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Badge({
  service,
  version,
  facts,
  now,
}: Omit<VersionsProps, "isReadOnly"> & { version: ImageVersion }) {
  if (service.current?.path === version.path)
    return (
      <span className={service.state === "failed" ? "tag icon-bad tone-bad" : "tag icon-good tone-good"}>
        {service.state === "failed"
          ? "Attached, failed"
          : service.state === "running"
            ? "Running"
            : "Attached"}
      </span>
    );
  const fact = facts.get(version.label);
  if (fact?.is === "left") return <span className="tag">{`Ran until ${timeAgo(fact.at, now)}`}</span>;
  if (fact?.is === "taken-back")
    return (
      <span className="tag icon-attention tone-attention">
        {`${takenBackWords(fact.message)} ${timeAgo(fact.at, now)}`}
      </span>
    );
  return null;
}

function MarkOf({ service, version }: { service: Service; version: ImageVersion }) {
  const mark = service.marks.find(({ label }) => label === version.label);
  if (!mark) return null;
  return (
    <p className="why">
      <span className="tag icon-attention tone-attention">Marked</span> {sayMark(mark)}
    </p>
  );
}

function Facts({ version }: { version: ImageVersion }) {
  const { stamp, inspection } = version;
  const facts = inspection?.ok ? inspection.facts.osRelease : {};
  const name = facts.PORTABLE_PRETTY_NAME ?? facts.PRETTY_NAME ?? facts.NAME;
  const release = [facts.ID, facts.VERSION_ID].filter(Boolean).join(" ");
  return (
    <dl className="facts">
      <div className="facts-long">
        <dt>Path</dt>
        <dd>
          <code>{cleanText(version.path)}</code>
        </dd>
      </div>
      <div>
        <dt>Size</dt>
        <dd>{version.kind === "directory" ? "Directory" : byteSize(stamp.size)}</dd>
      </div>
      <div>
        <dt>Mode</dt>
        <dd>
          <code>{permissions(version.mode)}</code>
        </dd>
      </div>
      <div>
        <dt>Owner</dt>
        <dd>{ownerName(version.owner)}</dd>
      </div>
      <div>
        <dt>Changed</dt>
        <dd>
          <time dateTime={isoTime(stamp.mtimeMs)}>{utcStamp(stamp.mtimeMs)}</time>
        </dd>
      </div>
      <div>
        <dt>Inside</dt>
        <dd>
          {inspection === null
            ? "Not looked at yet"
            : cleanText([name, release && `(${release})`].filter(Boolean).join(" ") || "Unknown")}
        </dd>
      </div>
    </dl>
  );
}

function Switch({
  service,
  version,
  isReadOnly,
  id,
}: {
  service: Service;
  version: ImageVersion;
  isReadOnly: boolean;
  id: string;
}) {
  if (service.current?.path === version.path) return null;
  const mark = service.marks.find(({ label }) => label === version.label);
  const words = (kind: Kind) => `${KIND_WORDS[kind].button} ${versionName(version.label)}`;
  // This button is the deliberate click, so it plans as the engine does for one.
  const planned = planDeployment(service, version.label, service.currentLabel, {
    despiteMark: mark !== undefined,
  });
  if (!planned.ok || isReadOnly)
    return (
      <RefusedButton
        id={id}
        reason={planned.ok ? "Not possible now; the reason is above." : sayRefusal(planned.refusal)}
      >
        {`Switch to ${versionName(version.label)}`}
      </RefusedButton>
    );
  return (
    <ActionButton
      action={deployVersion}
      name="target"
      value={writeTarget({ service: service.name, version: version.label, expected: service.currentLabel })}
      fields={mark && <input type="hidden" name="despiteMark" value="yes" />}
    >
      {mark ? `${words(planned.plan.kind)} despite its mark` : words(planned.plan.kind)}
    </ActionButton>
  );
}
