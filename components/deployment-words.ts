import { cleanText } from "@/components/clean-text";
import { versionName } from "@/components/image-words";
import type { RowDeployment } from "@/components/service-row";
import { KIND_WORDS, OUTSIDE_WORDS } from "@/components/words";
import type { Kind, Outcome, Phase } from "@/lib/deploy/types";

type Named = Pick<RowDeployment, "service" | "kind" | "from" | "to">;
type Ended = Named & Pick<RowDeployment, "origin"> & { readonly outcome: Outcome };

/** How it ended, in one sentence; what is true on the host comes first. */
export function resultSentence({ kind, origin, from, to, outcome, ...named }: Ended): string {
  const service = cleanText(named.service);
  if (origin === "outside") return `${OUTSIDE_WORDS}: ${successOf(kind, service, to)}.`;
  switch (outcome) {
    case "succeeded":
      return `Succeeded: ${successOf(kind, service, to)}.`;
    case "reverted":
      return from === null
        ? `Reverted: ${service} is detached again.`
        : `Reverted: ${versionName(from)} is back.`;
    case "refused":
      return "Refused: nothing was changed.";
    case "cancelled":
      return "Cancelled: nothing was changed.";
    case "needs-person":
      return `Needs a person: ${service} is not as it should be.`;
    default:
      return outcome satisfies never;
  }
}

/** What is going on right now, without the countdown. */
export function runningSentence({ kind, from, to, phase, ...named }: Named & { phase: Phase }): string {
  const service = cleanText(named.service);
  switch (phase) {
    case "waiting":
    case "switching":
      return doing(kind, service, to);
    case "settling":
      return `Watching whether ${kind === "restart" ? service : versionName(to)} stays up`;
    case "going-back":
      return from === null ? `Detaching ${service} again` : `Going back to ${versionName(from)}`;
    case "finished":
      return `${KIND_WORDS[kind].done}`;
    default:
      return phase satisfies never;
  }
}

/** "Upgrade to 1.3.0", "Detach": what was asked for, as a heading. */
export function requestTitle({ kind, to }: Pick<Named, "kind" | "to">): string {
  switch (kind) {
    case "upgrade":
    case "attach":
      return `${KIND_WORDS[kind].button} ${versionName(to)}`;
    case "rollback":
      return `Rollback to ${versionName(to)}`;
    case "reattach":
      return `${KIND_WORDS[kind].noun} ${versionName(to)}`;
    case "detach":
    case "restart":
    case "change":
    case "adopt":
      return KIND_WORDS[kind].noun;
    default:
      return kind satisfies never;
  }
}

/** What "Cancel" means at this moment; `null` = it is too late. */
export function cancelWords(phase: Phase, kind: Kind): "Cancel" | "Go back now" | null {
  if (phase === "waiting") return "Cancel";
  return phase === "settling" && kind !== "restart" && kind !== "detach" ? "Go back now" : null;
}

function doing(kind: Kind, service: string, to: string | null): string {
  switch (kind) {
    case "upgrade":
    case "rollback":
      return `Switching ${service} to ${versionName(to)}`;
    case "attach":
      return `Attaching ${service} ${versionName(to)}`;
    case "reattach":
      return `Attaching ${service} ${versionName(to)} anew`;
    case "detach":
    case "restart":
    case "change":
    case "adopt":
      return `${KIND_WORDS[kind].doing} ${service}`;
    default:
      return kind satisfies never;
  }
}

function successOf(kind: Kind, service: string, to: string | null): string {
  switch (kind) {
    case "upgrade":
    case "rollback":
      return `${service} is on ${versionName(to)}`;
    case "attach":
      return `${service} ${versionName(to)} is attached`;
    case "detach":
      return `${service} is detached`;
    case "restart":
      return `${service} was restarted`;
    case "reattach":
      return `${service} ${versionName(to)} is attached anew`;
    case "change":
      return `files of ${service} were changed`;
    case "adopt":
      return `${service} counts as deployed as it is`;
    default:
      return kind satisfies never;
  }
}
