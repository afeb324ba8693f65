"use client";

import { useNow } from "@/components/use-now";

/** "in 3 s" or "in 15 min", down to the moment; then "now", until the engine says more. */
export function Countdown({ until, now: serverNow }: { until: number; now: number }) {
  const left = Math.ceil((until - useNow(serverNow, 250)) / 1000);
  return <span className="countdown">{left > 0 ? `in ${span(left)}` : "now"}</span>;
}

function span(seconds: number): string {
  if (seconds <= 90) return `${seconds} s`;
  return seconds <= 90 * 60 ? `${Math.ceil(seconds / 60)} min` : `${Math.ceil(seconds / 3600)} h`;
}
