import type { HostLink, StreamEvent } from "@/components/live-events";

/** What a page shows, and so what makes it worth loading again. */
export interface Interest {
  /** The service that the page is about. */
  readonly service?: string | undefined;
  /** The deployment that the page is about: its steps come by themselves, its end changes the rest of the page. */
  readonly id?: string | undefined;
  /** Every deployment counts. */
  readonly history?: boolean;
  /** What the page tells of the host beside its services (`facts`: what is missing, say), or any service at all. */
  readonly host?: "facts" | "services" | undefined;
}

/** Whether an event tells of something that the page shows. */
export function concerns(event: StreamEvent, { service, id, history, host }: Interest): boolean {
  if (event.type === "services")
    return (
      host === "services" ||
      (host === "facts" && event.hostChanged) ||
      (service !== undefined &&
        (event.removed.includes(service) || event.changed.some((row) => row.name === service)))
    );
  if (event.type === "orders") return event.service === service;
  if (event.type !== "deployment") return false;
  const { deployment } = event;
  if (deployment.id === id) return deployment.phase === "finished";
  return history === true || deployment.service === service;
}

/** Whether the server's way to the host differs: a link that stays down may be down for another reason. */
export function isOtherLink(a: HostLink, b: HostLink): boolean {
  return (["bus", "engine"] as const).some(
    (which) => a[which].state !== b[which].state || a[which].problem?.code !== b[which].problem?.code,
  );
}
