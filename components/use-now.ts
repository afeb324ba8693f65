"use client";

import { useEffect, useState } from "react";

/**
 * The time on the server's clock, ms since 1970, moving on every `everyMs`.
 * The first value is the server's own, so that both draw the same words.
 */
export function useNow(serverNow: number, everyMs: number): number {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    const ahead = serverNow - Date.now();
    const tick = () => setNow(Date.now() + ahead);
    tick();
    const timer = window.setInterval(tick, everyMs);
    return () => window.clearInterval(timer);
  }, [serverNow, everyMs]);
  return now;
}
