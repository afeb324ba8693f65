import { z } from "zod";
import { Target } from "@/app/(console)/schemas";
import { readTyped } from "@/components/health-text";
import { Reason } from "@/lib/engine/interface";

const Why = Reason.trim();

/** The names of the form's choices, and how long each lasts, ms; `null` = until somebody ends it. */
export const FREEZES = [
  ["open", null, "until somebody ends it"],
  ["1h", 3_600_000, "for an hour"],
  ["8h", 28_800_000, "for 8 hours"],
  ["1d", 86_400_000, "for a day"],
  ["7d", 604_800_000, "for a week"],
] as const;

export const LiftMark = z.object({ target: Target, reason: Why });
/** The version is a field of its own: it is chosen from a list. */
export const MarkVersion = z.object({ target: Target, version: z.string().max(128), reason: Why });
export const FreezeService = z.object({
  target: Target,
  reason: Why,
  length: z.enum(FREEZES.map(([name]) => name)),
});
export const UnfreezeService = z.object({ target: Target, reason: Why });
/** The probes are fields of their own, which are read as text here and judged with their meaning. */
export const SetHealth = z
  .looseObject({
    service: z.string().min(1).max(128),
    do: z.enum(["try", "save"]),
    tried: z.string().optional(),
  })
  .transform(({ service, do: wish, tried, ...fields }) => ({
    service,
    do: wish,
    tried,
    typed: readTyped(new Map(Object.entries(fields))),
  }));
