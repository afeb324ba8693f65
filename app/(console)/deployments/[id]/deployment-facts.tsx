import { cleanText } from "@/components/clean-text";
import { byteSize, versionName } from "@/components/image-words";
import { TimeAgo } from "@/components/time-ago";
import { duration, utcStamp } from "@/components/time-words";
import { sayWho } from "@/components/words";
import type { Deployment, VersionRef } from "@/lib/deploy/types";

/** Who, when, from what to what. */
export function DeploymentFacts({ deployment, now }: { deployment: Deployment; now: number }) {
  const { kind, from, to, origin, requestedAt, startedAt, finishedAt, profile, location, id, batch } =
    deployment;
  return (
    <section className="part" aria-labelledby="facts-title">
      <h2 id="facts-title">On record</h2>
      <dl className="facts facts-wide">
        <div>
          <dt>{origin === "outside" ? "Done by" : "Asked for by"}</dt>
          <dd>{sayWho(deployment)}</dd>
        </div>
        <div>
          <dt>When</dt>
          <dd>
            <TimeAgo at={requestedAt} now={now} />
            <span className="quiet">{` (${utcStamp(requestedAt)})`}</span>
          </dd>
        </div>
        {startedAt !== null && finishedAt !== null && (
          <div>
            <dt>Took</dt>
            <dd>{duration(finishedAt - startedAt)}</dd>
          </div>
        )}
        {profile !== null && (
          <div>
            <dt>Profile</dt>
            <dd>{`${cleanText(profile)}${location === "runtime" ? ", until reboot" : ""}`}</dd>
          </div>
        )}
        {batch !== null && (
          <div>
            <dt>Batch</dt>
            <dd>
              <a href={`/history?batch=${batch}`}>Begun together with others</a>
            </dd>
          </div>
        )}
        {kind === "restart" ? (
          <Image label="Version" image={from} />
        ) : (
          <>
            <Image label="From" image={from} />
            <Image label="To" image={to} />
          </>
        )}
        <div>
          <dt>Id</dt>
          <dd>
            <code>{id}</code>
          </dd>
        </div>
      </dl>
    </section>
  );
}

function Image({ label, image }: { label: string; image: VersionRef | null }) {
  if (!image) return null;
  return (
    <div className="facts-long">
      <dt>{label}</dt>
      <dd>
        <code>{versionName(image.label)}</code>
        <p className="quiet">
          <code>{cleanText(image.path)}</code>
          {image.size > 0 && `, ${byteSize(image.size)}`}
        </p>
        {image.layers?.map((layer) => (
          <p className="quiet" key={layer.path}>
            {`Layer ${cleanText(layer.stem)} `}
            <code>{versionName(layer.label)}</code>
            {": "}
            <code>{cleanText(layer.path)}</code>
          </p>
        ))}
        {image.sha256 !== null && (
          <p className="quiet">
            {"sha256 "}
            <code>{cleanText(image.sha256)}</code>
          </p>
        )}
      </dd>
    </div>
  );
}
