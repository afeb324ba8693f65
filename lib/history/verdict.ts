import type { Deployment, Kind } from "@/lib/deploy/types";
import type { Message } from "@/lib/errors";

/** What a deployment proved about its target: it stayed up, it did not, or neither. */
export type Verdict = "up" | "down";

/** These put no other version in place. */
const SAME_VERSION: ReadonlySet<Kind> = new Set(["detach", "restart", "reattach", "change", "adopt"]);

/** Failures of the version itself: its units did not start or did not stay. A lost bus or a person's "go back" says nothing about it. */
const OWN_FAULTS: ReadonlySet<string> = new Set([
  "probe-failed",
  "job-failed",
  "unit-failed",
  "unit-gone",
  "unit-restarted",
  "unit-skipped",
  "unit-stopped",
]);

/** It stayed up, but a probe that would say more could not be tried, or gave mixed answers. */
const UNPROVEN: ReadonlySet<string> = new Set(["probe-unchecked", "probe-undecided"]);

export function verdictOf({
  kind,
  from,
  to,
  outcome,
  message,
}: Pick<Deployment, "kind" | "from" | "to" | "outcome" | "message">): Verdict | null {
  if (to === null || SAME_VERSION.has(kind)) return null;
  // Only an extension was to change: that it failed says nothing about the version below it.
  const isSameBase = from?.path === to.path;
  if (isSameBase && outcome !== "succeeded") return null;
  return proofOf({ outcome, message });
}

/** What the end of a switch proved about whatever it put in place. */
export function proofOf({ outcome, message }: Pick<Deployment, "outcome" | "message">): Verdict | null {
  if (outcome === "succeeded") return UNPROVEN.has(message?.code ?? "") ? null : "up";
  const hasFailed = outcome === "reverted" || outcome === "needs-person";
  return hasFailed && OWN_FAULTS.has(causeOf(message)) ? "down" : null;
}

/** Where the way back failed too, the first cause is a parameter of the message. */
function causeOf(message: Message | null): string {
  return String((message?.code === "could-not-go-back" ? message.params.first : message?.code) ?? "");
}
