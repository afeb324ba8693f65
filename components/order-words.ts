import { cleanText } from "@/components/clean-text";
import { versionName } from "@/components/image-words";
import { utcStamp } from "@/components/time-words";
import { writeAim } from "@/lib/health/address";
import type { Probe } from "@/lib/health/types";
import type { Freeze, Lifted, Mark } from "@/lib/history/types";

/** What a probe wants, in one sentence. */
export function probeWords(probe: Probe): string {
  const { passes, intervalMs, deadlineMs } = probe;
  const wanted =
    probe.kind === "http"
      ? `answers with the status ${probe.status}${probe.text === "" ? "" : ` and the text “${cleanText(probe.text)}”`}`
      : "takes a connection";
  const times = passes === 1 ? "once" : `${passes} times in a row`;
  return `${cleanText(writeAim(probe))} ${wanted}, ${times}, asked every ${intervalMs / 1000} s, within ${deadlineMs / 1000} s.`;
}

/** What happened to a mark or a freeze, the newest first. */
export interface OrderEvent {
  readonly key: string;
  readonly at: number;
  readonly words: string;
  /** In somebody's own words; empty where a deployment is the reason. */
  readonly reason: string;
  readonly deploymentId: string | null;
}

/** Marks and freezes as a list of what happened, newest first. */
export function orderEvents(
  marks: readonly Mark[],
  freezes: readonly Freeze[],
  now: number,
): readonly OrderEvent[] {
  const ended = (id: string, lifted: Lifted | null, words: string) =>
    lifted ? [{ ...lifted, key: `${id} end`, words: `${words} by ${cleanText(lifted.by)}` }] : [];
  const ofMarks = marks.flatMap((mark) => [
    {
      ...mark,
      key: mark.id,
      words: `${versionName(mark.label)} was marked${mark.deploymentId === null ? ` by ${cleanText(mark.by)}` : ", because it was taken back"}`,
    },
    ...ended(mark.id, mark.lifted, `The mark of ${versionName(mark.label)} was lifted`),
  ]);
  const ofFreezes = freezes.flatMap((freeze) => [
    {
      ...freeze,
      key: freeze.id,
      deploymentId: null,
      words: `Frozen${freeze.until === null ? "" : ` until ${utcStamp(freeze.until)}`} by ${cleanText(freeze.by)}`,
    },
    ...ended(freeze.id, freeze.lifted, "The freeze was ended"),
    ...(freeze.lifted === null && freeze.until !== null && freeze.until <= now
      ? [
          {
            key: `${freeze.id} over`,
            at: freeze.until,
            words: "The freeze ended by itself",
            reason: "",
            deploymentId: null,
          },
        ]
      : []),
  ]);
  return [...ofMarks, ...ofFreezes]
    .map(({ key, at, words, reason, deploymentId }) => ({ key, at, words, reason, deploymentId }))
    .sort((a, b) => b.at - a.at);
}
