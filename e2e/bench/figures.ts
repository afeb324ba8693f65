/** Every figure of the bench that has to be met, and the most it may be; a text is what it has to be. */
export const BARS = {
  "deploy.ratio": 1.25,
  "deploy.cold_ratio": 1.4,
  "downtime.ratio": 0.5,
  "downtime.socket_failed": 0,
  "list.cold_ms": 500,
  "list.page_p75_ms": 60,
  "list.bus_calls_per_view": 0,
  "memory.web_mb": 150,
  "memory.engine_mb": 70,
  "js.first_load_kb_gz": 210,
  event_ms_p95: 500,
  "safety.without_files": 0,
  "safety.others_changed": 0,
  "safety.back_p95_ms": 3000,
  "safety.killed_back": "100/100",
  "race.one_each": "1000/1000",
  "race.refusal_p95_ms": 50,
  "race.unnamed": 0,
  "history.lost": 0,
  "batch.ratio": 0.5,
  "soak.rss_mb_per_1000": 1,
  "soak.descriptors_more": 0,
  "soak.loops_more": 0,
  "soak.mounts_more": 0,
  "soak.cgroups_more": 0,
} as const;

export type Barred = keyof typeof BARS;

/** Flat, by dotted key; a text where there is no number to tell, such as a timeout. */
export type Figures = Readonly<Record<string, number | string>>;

export interface Verdict {
  readonly key: Barred;
  readonly bar: number | string;
  /** A text where there is no number; `null`: not asked for in this run. */
  readonly value: number | string | null;
  readonly state: "met" | "missed" | "not measured";
}

/** Holds each figure against its bar. */
export function judge(figures: Figures): Verdict[] {
  return Object.entries(BARS).map(([key, bar]) => {
    const value = figures[key] ?? null;
    const isMet = typeof bar === "string" ? value === bar : typeof value === "number" && value <= bar;
    return {
      key: asBarred(key),
      bar,
      value,
      state: isMet ? "met" : value === null ? "not measured" : "missed",
    };
  });
}

/** One JSON text: the figures by dotted key, the bars and which of them are missed. */
export function toJson(figures: Figures): string {
  const missed = judge(figures).filter((verdict) => verdict.state === "missed");
  return JSON.stringify({ ...figures, bars: BARS, missed: missed.map(({ key }) => key) });
}

/** The bars first, then everything else that was measured, then one plain sentence. */
export function toTable(figures: Figures): string {
  const verdicts = judge(figures);
  const measured = verdicts.filter((verdict) => verdict.state !== "not measured");
  const missed = verdicts.filter((verdict) => verdict.state === "missed");
  const others = Object.entries(figures).filter(([key]) => !(key in BARS));
  const width = Math.max(...[...Object.keys(BARS), ...others.map(([key]) => key)].map((key) => key.length));
  const row = (key: string, value: number | string | null, rest = "") =>
    `  ${key.padEnd(width)}  ${String(value ?? "—").padStart(9)}${rest}`;
  return [
    "",
    ...verdicts.map(({ key, value, bar, state }) =>
      row(
        key,
        value,
        `  ${typeof bar === "string" ? "=" : "≤"} ${String(bar).padEnd(9)} ${state === "missed" ? "MISSED" : state}`,
      ),
    ),
    "",
    ...others.map(([key, value]) => row(key, value)),
    "",
    missed.length === 0
      ? `All ${measured.length} bars that were measured are met.`
      : `${missed.length} of ${measured.length} bars are missed: ${missed.map(({ key }) => key).join(", ")}.`,
  ].join("\n");
}

/** Safe: called with the keys of `BARS` only. */
function asBarred(key: string): Barred {
  return key as Barred;
}
