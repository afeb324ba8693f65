import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { connection } from "next/server";
import { cancelDeployment, deployVersion, keepVersion, saveReason } from "@/app/(console)/actions";
import { attempt } from "@/app/(console)/attempt";
import { DeploymentFacts } from "@/app/(console)/deployments/[id]/deployment-facts";
import { cleanText } from "@/components/clean-text";
import { DeploymentView } from "@/components/deployment-view";
import { requestTitle } from "@/components/deployment-words";
import { LiveRefresh } from "@/components/live-refresh";
import { MissingPanel } from "@/components/missing-panel";
import { pageTitle } from "@/components/page-title";
import { ReasonForm } from "@/components/reason-form";
import { countFailed, toRowDeploymentWithStep } from "@/components/service-row";
import { servicePath } from "@/components/target";
import { wayBackNow } from "@/components/way-back";
import { say } from "@/components/words";
import { requireSession } from "@/lib/auth/session";
import { live } from "@/lib/live";

export async function generateMetadata({ params }: PageProps<"/deployments/[id]">): Promise<Metadata> {
  await connection();
  await requireSession();
  const { host, services } = live().snapshot();
  const found = await attempt(live().deployment((await params).id));
  const deployment = found.ok ? found.value : null;
  const title = deployment
    ? `${requestTitle(toRowDeploymentWithStep(deployment))} · ${cleanText(deployment.service)}`
    : found.ok
      ? "Unknown deployment"
      : "Deployment";
  return { title: pageTitle(title, host.name, countFailed(services)) };
}

/** One deployment: live while it runs, the record for ever after, at the same address. */
export default async function DeploymentPage({ params }: PageProps<"/deployments/[id]">) {
  await connection();
  await requireSession();
  const found = await attempt(live().deployment((await params).id));
  const { missing } = live().snapshot();
  if (!found.ok)
    return (
      <>
        <LiveRefresh history host="facts" />
        <h1>Deployment</h1>
        <MissingPanel missing={missing} />
        <p className="nothing">{say(found.problem)}</p>
      </>
    );
  const deployment = found.value;
  if (!deployment) notFound();

  const service = live().service(deployment.service);
  const canAct = service?.last?.id === deployment.id && missing.length === 0;
  const back = canAct ? wayBackNow(toRowDeploymentWithStep(deployment), service) : null;
  const now = Date.now();
  return (
    <>
      <LiveRefresh service={deployment.service} id={deployment.id} host="facts" />
      <p className="crumbs">
        <a href="/">Services</a> /{" "}
        <a href={servicePath(deployment.service)}>{cleanText(deployment.service)}</a>
      </p>
      <h1>{requestTitle(toRowDeploymentWithStep(deployment))}</h1>
      <DeploymentView
        initial={deployment}
        now={now}
        back={back}
        cancel={cancelDeployment}
        keep={keepVersion}
        deploy={deployVersion}
      />
      <DeploymentFacts deployment={deployment} now={now} />
      <ReasonForm id={deployment.id} reason={deployment.reason} save={saveReason} />
    </>
  );
}
