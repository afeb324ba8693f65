"use client";

import { useEffect } from "react";
import { concerns, type Interest, isOtherLink } from "@/components/live-interest";
import { useLive } from "@/components/live-provider";

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
        if (isOtherLink(link, event.link)) live.refetch();
        link = event.link;
      } else if (concerns(event, { service, id, host, history })) live.refetch();
    });
  }, [live, service, id, history, host]);
  return null;
}
