import { z } from "zod";
import type { Message } from "@/lib/errors";

export const PROBE_KINDS = ["http", "tcp", "unix"] as const;

export const MOST_PROBES = 5;

/** How often a probe is tried, how many passes in a row it takes, and until when after the restart. */
const PACE = {
  intervalMs: z.number().int().min(200).max(60_000),
  passes: z.number().int().min(1).max(20),
  deadlineMs: z.number().int().min(1000).max(600_000),
};

const Probe = z.discriminatedUnion("kind", [
  z
    .object({
      kind: z.literal("http"),
      url: z.string().min(1).max(500),
      /** The status that counts as a pass; a redirect is an answer like any other and is not followed. */
      status: z.number().int().min(100).max(599),
      /** A text that the body has to hold; empty = any body will do. */
      text: z.string().max(200),
      ...PACE,
    })
    .strict(),
  z
    .object({
      kind: z.literal("tcp"),
      host: z.string().min(1).max(100),
      port: z.number().int().min(1).max(65_535),
      ...PACE,
    })
    .strict(),
  /** Longer paths fit no socket address (unix(7)). */
  z.object({ kind: z.literal("unix"), path: z.string().min(1).max(107), ...PACE }).strict(),
]);
export type Probe = Readonly<z.infer<typeof Probe>>;

export const HealthSchema = z
  .object({
    /** How long the units have to stay up, ms. */
    settleMs: z.number().int().min(0).max(600_000),
    probes: z.array(Probe).max(MOST_PROBES),
  })
  .strict();

/** What a version of a service has to show before it counts as healthy. */
export interface Health {
  readonly settleMs: number;
  readonly probes: readonly Probe[];
}

/** What one try of a probe showed. `unmeasured`: the try itself could not be made, which says nothing about the service. */
export const TRY_RESULTS = ["pass", "fail", "unmeasured"] as const;
export type TryResult = (typeof TRY_RESULTS)[number];

export interface ProbeAnswer {
  readonly result: TryResult;
  readonly message: Message;
  /** HTTP only. */
  readonly status: number | null;
  readonly latencyMs: number;
  /** The beginning of what was answered, hostile: as it came, but for its length. */
  readonly firstBytes: string;
}

/** What a whole series of tries says of the version; `undecided` is for a person. */
export const PROBE_VERDICTS = ["passed", "unchecked", "undecided", "failed"] as const;
export type ProbeVerdict = (typeof PROBE_VERDICTS)[number];
