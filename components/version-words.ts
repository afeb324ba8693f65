import type { Message } from "@/lib/errors";

/** In short, why a version was taken back; of what is no fault of its own nothing is said against it. */
export function takenBackWords(message: Message | null): string {
  const code = message?.code ?? "";
  return (Object.hasOwn(IN_SHORT, code) ? IN_SHORT[code] : undefined) ?? "Taken back";
}

const IN_SHORT: Readonly<Record<string, string>> = {
  "could-not-go-back": "Neither it nor what was there before came up",
  "job-failed": "Did not start",
  "unit-failed": "Did not stay up",
  "unit-gone": "Did not stay up",
  "unit-restarted": "Did not stay up",
  "unit-skipped": "Did not start",
  "unit-stopped": "Did not stay up",
  "probe-failed": "Failed a probe",
  "sent-back": "Taken back by hand",
  "broken-off": "Taken back by hand",
  "trial-over": "Taken back when its trial was over",
  "way-back-fired": "Interrupted and taken back",
};
