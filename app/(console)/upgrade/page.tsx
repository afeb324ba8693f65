import type { Metadata } from "next";
import { connection } from "next/server";
import { deployMany } from "@/app/(console)/actions";
import { nothingToUpgrade } from "@/app/(console)/upgrade/nothing-to-upgrade";
import { UpgradeForm, type UpgradeRow } from "@/app/(console)/upgrade/upgrade-form";
import { LiveRefresh } from "@/components/live-refresh";
import { MissingPanel } from "@/components/missing-panel";
import { pageTitle } from "@/components/page-title";
import { countFailed } from "@/components/service-row";
import { writeTarget } from "@/components/target";
import { sayRefusal } from "@/components/words";
import { requireSession } from "@/lib/auth/session";
import { planDeployment } from "@/lib/deploy/plan";
import { BATCH_LIMIT } from "@/lib/engine/interface";
import { live } from "@/lib/live";
import type { Service } from "@/lib/services/types";

export async function generateMetadata(): Promise<Metadata> {
  await connection();
  await requireSession();
  const { host, services } = live().snapshot();
  return { title: pageTitle("Upgrade several", host.name, countFailed(services)) };
}

/** What would happen, line by line, before one click makes it happen. */
export default async function UpgradePage() {
  await connection();
  await requireSession();
  const { services, missing } = live().snapshot();
  const rows = services.flatMap((service) => toUpgradeRow(service) ?? []);
  return (
    <>
      <LiveRefresh host="services" />
      <p className="crumbs">
        <a href="/">Services</a>
      </p>
      <h1>Upgrade several services</h1>
      <MissingPanel missing={missing} />
      <UpgradeForm
        rows={rows}
        nothing={nothingToUpgrade(services)}
        limit={BATCH_LIMIT}
        isReadOnly={missing.length > 0}
        deploy={deployMany}
      />
    </>
  );
}

/** `null` for a service with nothing to upgrade to. */
function toUpgradeRow(service: Service): UpgradeRow | null {
  const to = service.upgrade?.version.label;
  if (to === undefined || service.currentLabel === null) return null;
  const planned = planDeployment(service, to);
  return {
    service: service.name,
    from: service.currentLabel,
    to,
    target: writeTarget({ service: service.name, version: to, expected: service.currentLabel }),
    restarts: service.units
      .filter(({ name, active }) => name.endsWith(".service") && active === "active")
      .map(({ name }) => name),
    refusal: planned.ok ? null : sayRefusal(planned.refusal),
  };
}
