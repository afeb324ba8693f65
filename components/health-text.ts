import type { Message } from "@/lib/errors";
import { readAim, writeAim } from "@/lib/health/address";
import { type Health, MOST_PROBES, type Probe, type ProbeAnswer } from "@/lib/health/types";

/** One probe as it stands in the form; an empty address is no probe. */
export interface TypedProbe {
  readonly address: string;
  readonly status: string;
  readonly text: string;
  readonly interval: string;
  readonly passes: string;
  readonly deadline: string;
}

/** The form as it was filled in; times in seconds. */
export interface TypedHealth {
  readonly settle: string;
  readonly probes: readonly TypedProbe[];
}

/** What came of trying or saving; the form is drawn again with what was typed. */
export interface HealthAnswer {
  readonly typed: TypedHealth;
  /** What was tried last, as text: saving wants the same. */
  readonly tried: string | null;
  /** By the number of the probe; `null` where there is none or it was not tried. */
  readonly answers: readonly (ProbeAnswer | null)[];
  readonly error: Message | null;
  readonly isSaved: boolean;
}

export const PROBE_FIELDS = ["address", "status", "text", "interval", "passes", "deadline"] as const;

const EMPTY: TypedProbe = {
  address: "",
  status: "200",
  text: "",
  interval: "1",
  passes: "2",
  deadline: "30",
};

/** The fields of the form, as they came. */
export function readTyped(form: { get(name: string): unknown }): TypedHealth {
  const text = (name: string) => String(form.get(name) ?? "").trim();
  const probes = Array.from({ length: MOST_PROBES }, (_, n) => {
    const [address, status, body, interval, passes, deadline] = PROBE_FIELDS.map((field) =>
      text(fieldName(n, field)),
    );
    return { ...EMPTY, ...withoutEmpty({ address, status, text: body, interval, passes, deadline }) };
  });
  return { settle: text("settle"), probes };
}

export function fieldName(probe: number, field: (typeof PROBE_FIELDS)[number]): string {
  return `probe-${probe}-${field}`;
}

/** What the fields mean, or the first address that means nothing. Numbers are judged by whoever takes them. */
export function toHealth(typed: TypedHealth): { health: Health } | { error: Message } {
  const probes: Probe[] = [];
  for (const one of typed.probes) {
    if (one.address === "") continue;
    const aim = readAim(one.address);
    if (!aim) return { error: { code: "probe-address", params: { address: one.address } } };
    const pace = {
      intervalMs: ms(one.interval),
      passes: Number(one.passes),
      deadlineMs: ms(one.deadline),
    };
    probes.push(
      aim.kind === "http"
        ? { ...aim, status: Number(one.status), text: one.text, ...pace }
        : { ...aim, ...pace },
    );
  }
  return { health: { settleMs: ms(typed.settle), probes } };
}

/** What was tried, as one text to compare; `null` where the fields mean nothing. */
export function triedText(typed: TypedHealth): string | null {
  const read = toHealth(typed);
  return "error" in read ? null : JSON.stringify(read.health);
}

/** Whether a form says the same as one before, so that what was answered then stands beside it. */
export function isSameHealth(before: TypedHealth | undefined, typed: TypedHealth): boolean {
  const text = triedText(typed);
  return before !== undefined && text !== null && triedText(before) === text;
}

/** What is set, as the form shows it. */
export function toTyped({ settleMs, probes }: Health): TypedHealth {
  const set = probes.map((probe) => ({
    ...EMPTY,
    address: writeAim(probe),
    ...(probe.kind === "http" ? { status: String(probe.status), text: probe.text } : {}),
    interval: String(probe.intervalMs / 1000),
    passes: String(probe.passes),
    deadline: String(probe.deadlineMs / 1000),
  }));
  const rest = Array.from({ length: MOST_PROBES - set.length }, () => EMPTY);
  return { settle: String(settleMs / 1000), probes: [...set, ...rest] };
}

function ms(seconds: string): number {
  return Math.round(Number(seconds) * 1000);
}

function withoutEmpty(fields: Readonly<Record<string, string | undefined>>): Partial<TypedProbe> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== ""),
  );
}
