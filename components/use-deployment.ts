"use client";

import { useEffect, useState } from "react";
import { useLive } from "@/components/live-provider";
import { type Deployment, PHASES } from "@/lib/deploy/types";

/** A deployment as its own events tell it, starting from what the server drew. */
export function useDeployment(drawn: Deployment): Deployment {
  const live = useLive();
  const [seen, setSeen] = useState(drawn);
  const [deployment, setDeployment] = useState(drawn);
  if (seen !== drawn) {
    setSeen(drawn);
    // The answer to a click may have been drawn before an event that has overtaken it.
    if (progress(drawn) >= progress(deployment)) setDeployment(drawn);
  }
  useEffect(
    () =>
      live.subscribe((event) => {
        if (event.type === "deployment" && event.deployment.id === drawn.id) setDeployment(event.deployment);
      }),
    [live, drawn.id],
  );
  return deployment;
}

/** Grows as a deployment moves on. */
function progress({ phase, steps }: Deployment): number {
  const ended = steps.filter(({ outcome }) => outcome !== "running").length;
  return PHASES.indexOf(phase) * 10_000 + steps.length + ended;
}
