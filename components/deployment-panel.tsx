"use client";

import { type ReactNode, useEffect, useRef, useState } from "react";
import { Announcement } from "@/components/announcement";
import { isBadNews, resultSentence, runningNews } from "@/components/deployment-words";
import { useLive } from "@/components/live-provider";
import { type RowDeployment, toRowDeploymentWithStep } from "@/components/service-row";
import { useKeptFocus } from "@/components/use-kept-focus";
import type { DeploymentSummary } from "@/lib/deploy/types";

interface DeploymentPanelProps {
  readonly service: string;
  readonly running: RowDeployment | null;
  readonly last: DeploymentSummary | null;
  /** What the server draws of them. */
  readonly children: ReactNode;
}

/**
 * The place on the page of a service where its deployment is. It says what a
 * screen reader has to know of one that begins, goes on and ends while the page
 * is open, and takes the focus over from the button that is gone with the click.
 */
export function DeploymentPanel({ service, running, last, children }: DeploymentPanelProps) {
  const panel = useRef<HTMLDivElement>(null);
  const seen = useSeenRunning(service, running);
  const outcome = seen?.outcome ?? (last?.id === seen?.id ? (last?.outcome ?? null) : null);
  const words = !seen ? "" : outcome ? resultSentence({ ...seen, outcome }) : runningNews(seen);

  useKeptFocus(`${running?.id} ${running?.phase} ${last?.id}`, () => {
    // The last button takes back what runs; of a result none is as harmless.
    const buttons = running ? (panel.current?.querySelectorAll("button") ?? []) : [];
    return [...buttons].at(-1) ?? panel.current;
  });
  return (
    <div ref={panel} tabIndex={-1}>
      <Announcement status={isBadNews(outcome) ? "" : words} alert={isBadNews(outcome) ? words : ""} />
      {children}
    </div>
  );
}

/** The newest deployment that this page has seen running, as the server drew it or as its own events tell. */
function useSeenRunning(service: string, running: RowDeployment | null): RowDeployment | null {
  const live = useLive();
  const [seen, setSeen] = useState(running);
  if (running && (!seen || running.id > seen.id)) setSeen(running);
  useEffect(
    () =>
      live.subscribe((event) => {
        if (event.type !== "deployment" || event.deployment.service !== service) return;
        setSeen(toRowDeploymentWithStep(event.deployment));
      }),
    [live, service],
  );
  return seen;
}
