import type { Metadata } from "next";
import { connection } from "next/server";
import { cancelDeployment, deployVersion } from "@/app/(console)/actions";
import { EmptyHost } from "@/app/(console)/empty-host";
import { Findings } from "@/components/findings";
import { LiveRefresh } from "@/components/live-refresh";
import { MissingPanel } from "@/components/missing-panel";
import { pageTitle } from "@/components/page-title";
import { ServiceList } from "@/components/service-list";
import { countFailed, toServiceRow } from "@/components/service-row";
import { requireSession } from "@/lib/auth/session";
import { live } from "@/lib/live";

export async function generateMetadata(): Promise<Metadata> {
  await connection();
  await requireSession();
  const { host, services } = live().snapshot();
  return { title: pageTitle("Services", host.name, countFailed(services)) };
}

/** Every service on one page, failed ones first. */
export default async function ServicesPage({ searchParams }: PageProps<"/">) {
  await connection();
  await requireSession();
  const { q } = await searchParams;
  const { epoch, revision, services, findings, missing, host } = live().snapshot();
  return (
    <>
      <h1>Services</h1>
      <LiveRefresh host={services.length === 0 ? "services" : "facts"} />
      <MissingPanel missing={missing} />
      {services.length === 0 ? (
        <EmptyHost searched={host.searched} />
      ) : (
        <ServiceList
          epoch={epoch}
          revision={revision}
          rows={services.map(toServiceRow)}
          now={Date.now()}
          query={typeof q === "string" ? q : ""}
          isReadOnly={missing.length > 0}
          deploy={deployVersion}
          cancel={cancelDeployment}
        />
      )}
      <Findings findings={findings} title="Found but not usable" />
    </>
  );
}
