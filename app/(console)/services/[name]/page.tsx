import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { connection } from "next/server";
import { attempt } from "@/app/(console)/attempt";
import { BindPaths } from "@/app/(console)/services/[name]/bind-paths";
import { DetachSection } from "@/app/(console)/services/[name]/detach-section";
import { Differences } from "@/app/(console)/services/[name]/differences";
import { HealthSection } from "@/app/(console)/services/[name]/health-section";
import { Layers } from "@/app/(console)/services/[name]/layers";
import { MarksSection } from "@/app/(console)/services/[name]/marks-section";
import { PrimaryAction } from "@/app/(console)/services/[name]/primary-action";
import { Units } from "@/app/(console)/services/[name]/units";
import { Versions } from "@/app/(console)/services/[name]/versions";
import { cleanText } from "@/components/clean-text";
import { Findings } from "@/components/findings";
import { Status } from "@/components/icon";
import { versionName } from "@/components/image-words";
import { LiveRefresh } from "@/components/live-refresh";
import { MissingPanel } from "@/components/missing-panel";
import { pageTitle } from "@/components/page-title";
import { countFailed } from "@/components/service-row";
import { readSegment } from "@/components/target";
import { TimeAgo } from "@/components/time-ago";
import { Timeline } from "@/components/timeline";
import { STATE_TONES } from "@/components/tones";
import { LOCATION_WORDS, STATE_WORDS, say } from "@/components/words";
import { requireSession } from "@/lib/auth/session";
import { readEnv } from "@/lib/env";
import { live } from "@/lib/live";

const DEPLOYMENTS_SHOWN = 10;

export async function generateMetadata({ params }: PageProps<"/services/[name]">): Promise<Metadata> {
  await connection();
  await requireSession();
  const { host, services } = live().snapshot();
  return { title: pageTitle(cleanText(readSegment((await params).name)), host.name, countFailed(services)) };
}

/** One service: state, version and one button first; below, everything that is known of it. */
export default async function ServicePage({ params }: PageProps<"/services/[name]">) {
  await connection();
  await requireSession();
  const name = readSegment((await params).name);
  const service = live().service(name);
  if (!service) notFound();

  const [details, past, orders, facts] = await Promise.all([
    attempt(live().details(name)),
    attempt(live().history({ service: name, limit: DEPLOYMENTS_SHOWN })),
    attempt(live().orders(name)),
    attempt(live().versionFacts(name)),
  ]);
  const { missing } = live().snapshot();
  const isReadOnly = missing.length > 0;
  const now = Date.now();
  const { attachment } = service;
  return (
    <>
      <LiveRefresh service={name} host="facts" />
      <p className="crumbs">
        <a href="/">Services</a>
      </p>
      <h1>{cleanText(name)}</h1>
      <MissingPanel missing={missing} />
      <div className="facts-line">
        <Status tone={STATE_TONES[service.state]} word={STATE_WORDS[service.state]} />
        {service.currentLabel !== null && (
          <code className="big-version">{versionName(service.currentLabel)}</code>
        )}
        {service.freeze && <span className="tag icon-attention tone-attention">Frozen</span>}
        {service.since !== null && (
          <span className="quiet">
            {"since "}
            <TimeAgo at={service.since} now={now} />
          </span>
        )}
      </div>
      <PrimaryAction service={service} now={now} isReadOnly={isReadOnly} />
      <Differences service={service} now={now} isReadOnly={isReadOnly} />
      <Findings findings={service.findings} title="Remarks" />
      <Versions
        service={service}
        facts={facts.ok ? facts.value.versions : new Map()}
        now={now}
        isReadOnly={isReadOnly}
      />
      <Layers
        service={service}
        fallen={facts.ok ? facts.value.fallenLayers : new Map()}
        now={now}
        isReadOnly={isReadOnly}
      />
      <HealthSection
        service={name}
        found={orders}
        settleMs={readEnv().settleMs}
        now={now}
        isReadOnly={isReadOnly}
      />
      <MarksSection service={service} found={orders} now={now} isReadOnly={isReadOnly} />
      <BindPaths found={details} />
      <Units
        service={service}
        statuses={details.ok ? details.value.units : []}
        now={now}
        isReadOnly={isReadOnly}
      />
      <section className="part" aria-labelledby="isolation-title">
        <h2 id="isolation-title">Isolation and boot</h2>
        {attachment ? (
          <ul className="plain">
            <li>{profileSentence(attachment.profile)}</li>
            <li>{LOCATION_WORDS[attachment.location]}</li>
            <li>{service.enabled ? "It starts at boot." : "It does not start at boot by itself."}</li>
          </ul>
        ) : (
          <p className="quiet">It is not attached, so nothing of it runs or starts at boot.</p>
        )}
      </section>
      <section className="part" aria-labelledby="deployments-title">
        <h2 id="deployments-title">Deployments</h2>
        {!past.ok ? (
          <p className="quiet">{say(past.problem)}</p>
        ) : past.value.rows.length === 0 ? (
          <p className="quiet">None from here yet.</p>
        ) : (
          <Timeline deployments={past.value.rows} now={now} showsService={false} />
        )}
        {past.ok && past.value.next !== null && (
          <a href={`/history?service=${encodeURIComponent(name)}`}>All deployments of this service</a>
        )}
      </section>
      {attachment && service.running === null && <DetachSection service={service} isReadOnly={isReadOnly} />}
    </>
  );
}

const PROFILES: Readonly<Record<string, string>> = {
  default: "systemd's default isolation with the host's network.",
  nonetwork: "like the default one, but without any network.",
  strict: "the tightest: no network, no system bus, at most four tasks.",
  trusted: "no isolation; it runs as root unless its unit says otherwise.",
};

function profileSentence(profile: string | null): string {
  if (profile === null) return "Profile: none, so nothing isolates it but its own unit.";
  const known = Object.hasOwn(PROFILES, profile) ? PROFILES[profile] : undefined;
  return `Profile “${cleanText(profile)}”: ${known ?? "one of this host's own."}`;
}
