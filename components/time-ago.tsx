"use client";

import { useEffect, useState } from "react";
import { timeAgo, timeAttributes } from "@/components/time-words";
import { useNow } from "@/components/use-now";

const CLOCK: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", timeZoneName: "short" };
const DAY_MS = 86_400_000;

/** "3 min ago · 02:14 CET". The clock is the reader's own, so it appears once the browser has taken over. */
export function TimeAgo({ at, now: drawnAt }: { at: number; now: number }) {
  const now = useNow(drawnAt, 20_000);
  const [clock, setClock] = useState("");
  useEffect(() => {
    const day: Intl.DateTimeFormatOptions =
      Math.abs(Date.now() - at) < DAY_MS ? {} : { month: "short", day: "numeric" };
    setClock(` · ${new Intl.DateTimeFormat("en-GB", { ...CLOCK, ...day }).format(at)}`);
  }, [at]);
  return (
    <time {...timeAttributes(at)}>
      {timeAgo(at, now)}
      {clock}
    </time>
  );
}
