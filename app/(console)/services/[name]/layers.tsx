import { deployVersion } from "@/app/(console)/actions";
import { ActionButton, RefusedButton } from "@/components/action-button";
import { cleanText } from "@/components/clean-text";
import { byteSize, permissions, versionName } from "@/components/image-words";
import { writeTarget } from "@/components/target";
import { TimeAgo } from "@/components/time-ago";
import { isoTime, utcStamp } from "@/components/time-words";
import { takenBackWords } from "@/components/version-words";
import { sayRefusal } from "@/components/words";
import { planDeployment } from "@/lib/deploy/plan";
import { layerKey, type TakenBack, type VersionFacts } from "@/lib/history/version-facts";
import type { ImageVersion } from "@/lib/images/types";
import type { Layer, Service } from "@/lib/services/types";

interface LayersProps {
  readonly service: Service;
  /** Versions whose last switch did not hold here. */
  readonly fallen: VersionFacts["fallenLayers"];
  readonly now: number;
  readonly isReadOnly: boolean;
}

/** Every extension image on top of the attached one, in portabled's order, each with its versions on disk. */
export function Layers({ service, fallen, now, isReadOnly }: LayersProps) {
  if (service.layers.length === 0) return null;
  return (
    <section className="part" aria-labelledby="layers-title">
      <h2 id="layers-title">Layers</h2>
      <p className="quiet">
        Extension images that lie on top of the version. A switch of the version keeps them, and each can be
        switched by itself. Whether it would start is rehearsed with each switch, before anything is touched.
        {service.attachment?.isRelaxed &&
          " They were attached so that their release files may bear any name."}
      </p>
      {service.layers.map((layer) => (
        <div key={layer.path}>
          <h3>{cleanText(layer.stem)}</h3>
          <p className="quiet">
            {"Attached from "}
            <code>{cleanText(layer.path)}</code>
            {!layer.versions.some(({ path }) => path === layer.path) && ", which is gone"}
          </p>
          <ul className="versions">
            {layer.versions.map((version) => (
              <li key={version.path}>
                <div className="version-head">
                  <h4>
                    <code>{versionName(version.label)}</code>
                  </h4>
                  {version.path === layer.path && <span className="tag icon-good tone-good">Attached</span>}
                </div>
                <div>
                  <Facts version={version} />
                  <Fall fallen={fallenAs(fallen, layer, version)} now={now} />
                </div>
                <Switch
                  service={service}
                  layer={layer}
                  version={version}
                  hasFallen={fallenAs(fallen, layer, version) !== undefined}
                  isReadOnly={isReadOnly}
                />
              </li>
            ))}
          </ul>
        </div>
      ))}
    </section>
  );
}

function Facts({ version: { path, kind, stamp, mode } }: { version: ImageVersion }) {
  return (
    <dl className="facts">
      <div className="facts-long">
        <dt>Path</dt>
        <dd>
          <code>{cleanText(path)}</code>
        </dd>
      </div>
      <div>
        <dt>Size</dt>
        <dd>{kind === "directory" ? "Directory" : byteSize(stamp.size)}</dd>
      </div>
      <div>
        <dt>Mode</dt>
        <dd>
          <code>{permissions(mode)}</code>
        </dd>
      </div>
      <div>
        <dt>Changed</dt>
        <dd>
          <time dateTime={isoTime(stamp.mtimeMs)}>{utcStamp(stamp.mtimeMs)}</time>
        </dd>
      </div>
    </dl>
  );
}

function fallenAs(
  fallen: LayersProps["fallen"],
  { stem }: Layer,
  { label }: ImageVersion,
): TakenBack | undefined {
  return fallen.get(layerKey(stem, label));
}

/** Where a mark would stand: a layer has none, but its last deployment tells as much. */
function Fall({ fallen, now }: { fallen: TakenBack | undefined; now: number }) {
  if (!fallen) return null;
  return (
    <p className="why">
      <span className="tag icon-attention tone-attention">Failed here</span>{" "}
      {`${takenBackWords(fallen.message)} `}
      <TimeAgo at={fallen.at} now={now} />
      {". "}
      <a href={`/deployments/${fallen.deploymentId}`}>Show that deployment</a>
    </p>
  );
}

interface SwitchProps extends Omit<LayersProps, "fallen" | "now"> {
  readonly layer: Layer;
  readonly version: ImageVersion;
  readonly hasFallen: boolean;
}

function Switch({ service, layer, version, hasFallen, isReadOnly }: SwitchProps) {
  if (version.path === layer.path) return null;
  const name = `${cleanText(layer.stem)} to ${versionName(version.label)}`;
  const target = {
    service: service.name,
    version: service.currentLabel ?? "",
    expected: service.currentLabel,
    layers: { [layer.stem]: version.label },
  };
  const planned = planDeployment(service, target.version, target.expected, {
    layers: target.layers,
  });
  if (!planned.ok || isReadOnly)
    return (
      <RefusedButton
        id={`layer-${encodeURIComponent(version.path)}`}
        reason={planned.ok ? "Not possible now; the reason is above." : sayRefusal(planned.refusal)}
      >
        {`Switch ${name}`}
      </RefusedButton>
    );
  return (
    <ActionButton action={deployVersion} name="target" value={writeTarget(target)}>
      {`${planned.plan.kind === "rollback" ? "Roll back" : "Upgrade"} ${name}${hasFallen ? ", which failed here" : ""}`}
    </ActionButton>
  );
}
