"use client";

import { useEffect, useState } from "react";
import { useLive } from "@/components/live-provider";

/**
 * The time on the server's clock, ms since 1970, moving on every `everyMs`.
 * The first value is the one the server drew with, so that both say the same.
 */
export function useNow(drawnAt: number, everyMs: number): number {
  const live = useLive();
  const [now, setNow] = useState(drawnAt);
  useEffect(() => {
    const tick = () => setNow(live.now());
    tick();
    const timer = window.setInterval(tick, everyMs);
    return () => window.clearInterval(timer);
  }, [live, everyMs]);
  return now;
}
