"use client";

import { useEffect } from "react";
import type { HostLink, StreamEvent } from "@/components/live-events";
import { useLive } from "@/components/live-provider";

interface Interest {
  /** The service that the page is about. */
  readonly service?: string;
  /** The deployment that the page is about: its steps come by themselves, its end changes the rest of the page. */
  readonly id?: string;
  /** Every deployment counts. */
  readonly history?: boolean;
  /** What the page tells of the host beside its services (`facts`), or any service at all. */
  readonly host?: "facts" | "services";
}

/** Keeps a page that the server draws up to date: loads it again when something it shows has changed. */
export function LiveRefresh({ service, id, host, history = false }: Interest) {
  const live = useLive();
  useEffect(() => {
    let link = live.link();
    let isFirstHello = live.heardAt() === null;
    return live.subscribe((event) => {
      if (event.type === "hello") {
        // After a gap, deployments may have moved on without a new revision; at the start the page is fresh.
        if (!isFirstHello || event.rows !== null) live.refetch();
        isFirstHello = false;
      } else if (event.type === "status") {
        if (isOther(link, event.link)) live.refetch();
        link = event.link;
      } else if (
        concerns(event, {
          ...(service === undefined ? {} : { service }),
          ...(id === undefined ? {} : { id }),
          ...(host === undefined ? {} : { host }),
          history,
        })
      )
        live.refetch();
    });
  }, [live, service, id, history, host]);
  return null;
}

function concerns(event: StreamEvent, { service, id, history, host }: Interest): boolean {
  if (event.type === "services" && host !== undefined) return host === "services" || event.hostChanged;
  if (event.type === "services")
    return (
      service !== undefined &&
      (event.removed.includes(service) || event.changed.some((row) => row.name === service))
    );
  if (event.type === "orders") return event.service === service;
  if (event.type !== "deployment") return false;
  const { deployment } = event;
  if (deployment.id === id) return deployment.phase === "finished";
  return history === true || deployment.service === service;
}

function isOther(a: HostLink, b: HostLink): boolean {
  return a.bus.state !== b.bus.state || a.engine.state !== b.engine.state;
}
