import { z } from "zod";
import { readTarget } from "@/components/target";
import { Reason } from "@/lib/engine/interface";

const Id = z.string().regex(/^[0-9A-HJKMNP-TV-Z]{26}$/);

/** `service/version/expected` of one button, as `readTarget` takes it apart. */
export const Target = z.string().transform((text, context) => {
  const target = readTarget(text);
  if (target) return target;
  context.addIssue({ code: "custom", message: "not a target" });
  return z.NEVER;
});

/** `despiteMark`: the button that was pressed says that the version is marked. */
export const DeployVersion = z.object({
  target: Target,
  trialMinutes: z.coerce.number().int().min(1).max(1440).optional(),
  despiteMark: z.literal("yes").optional(),
});
/** One target per ticked box; how many they may be has words of its own, see `sizeProblem`. */
export const DeployMany = z.object({
  targets: z.array(Target),
  onFailure: z.enum(["stop", "go-on"]),
  reason: Reason.trim(),
});
/** The version that the page showed stands where a deployment has its target. */
export const DetachService = z.object({ target: Target });
/** `service/version`. */
export const RehearseVersion = z.object({ target: Target });
/** `service/when`: the difference that the page showed, by when it was seen, ms since 1970. */
export const AdoptChanges = z.object({
  target: Target.transform(({ service, version }) => ({ service, shown: Number(version) })).pipe(
    z.object({ service: z.string(), shown: z.int() }),
  ),
});
export const RestoreService = z.object({ target: Target });
/** `service/unit`. */
export const RestartUnit = z.object({ target: Target });
/** `service/id`: the service says beside which row an answer belongs. */
export const CancelDeployment = z.object({
  deployment: z
    .string()
    .transform((text) => text.split("/").at(-1))
    .pipe(Id),
});
export const SetReason = z.object({ deployment: Id, reason: Reason.trim() });
