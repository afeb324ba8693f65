"use client";

import { useNow } from "@/components/use-now";

/** " in 3 s", down to the moment when the grace period ends; then "now", until the engine says more. */
export function Countdown({ until, now: serverNow }: { until: number; now: number }) {
  const left = Math.ceil((until - useNow(serverNow, 250)) / 1000);
  return <span className="countdown">{left > 0 ? `in ${left} s` : "now"}</span>;
}
