import { given, type Read, type Sentence } from "@/components/sentence";
import type { ProbeAnswer, TryResult } from "@/lib/health/types";

export const TRY_WORDS: Record<TryResult, string> = {
  pass: "Passed",
  fail: "Failed",
  unmeasured: "Could not be checked",
};

/** What one try of a probe showed. */
export const PROBE_PROBLEMS = {
  "probe-passed": (p) => `${p("address")} answers as it should.`,
  "probe-status": (p) =>
    `${p("address")} answers with the status ${p("status")} instead of ${p("expected")}. Redirects are not followed.`,
  "probe-no-text": (p) => `${p("address")} answers, but the text “${p("text")}” is not in the first 64 KiB.`,
  "probe-timed-out": (p) =>
    `${p("address")} does not answer within ${seconds(p, "afterMs")}. Is the service busy, or does it hang?`,
  "probe-refused": (p) => `Nobody listens at ${p("address")}. Does the service listen elsewhere?`,
  "probe-broke-off": (p) => `${p("address")} breaks off before it has answered.`,
  "probe-no-http": (p) => `What ${p("address")} answers is not HTTP.`,
  "probe-no-socket": (p) =>
    `No socket answers at ${p("address")}. Does the service make it elsewhere, or is it not writable for all?`,
  "probe-elsewhere": (p) =>
    `The engine does not see the place of ${p("address")}: it has a /tmp of its own. Choose a socket below /run.`,
  "probe-place": (p) =>
    `A socket at “${p("address")}” is not probed. Choose one below /run (but /run/systemd), /var/lib, /srv or /tmp, by its path without “.” and “..”.`,
  "probe-not-tried": (p) =>
    `${p("address")} could not be tried (${p("reason")}), which says nothing about the service.`,
} satisfies Record<string, Sentence>;

/** What kept a probe from passing, for a sentence about a deployment. */
export function probeSentence(p: Read): string {
  const table: Partial<Record<string, Sentence>> = PROBE_PROBLEMS;
  const code = given(p, "problem");
  const sentence = Object.hasOwn(table, code) ? table[code] : undefined;
  return sentence ? sentence(p) : `${code === "" ? "nobody knows why" : code}.`;
}

/** "200, after 12 ms". */
export function measured({ status, latencyMs }: Pick<ProbeAnswer, "status" | "latencyMs">): string {
  return `${status === null ? "" : `Status ${status}, `}${status === null ? "After" : "after"} ${latencyMs} ms`;
}

/** A parameter in milliseconds, in seconds. */
export function seconds(p: Read, name: string): string {
  const ms = Number(given(p, name));
  return Number.isFinite(ms) && ms > 0 ? `${ms / 1000} s` : "the time it has";
}
