import { cleanText } from "@/components/clean-text";
import { versionName } from "@/components/image-words";
import type { RowDeployment } from "@/components/service-row";
import type { WayBack } from "@/components/way-back";
import { KIND_WORDS, OUTSIDE_WORDS, sayStep } from "@/components/words";
import type { Kind, Outcome, Phase } from "@/lib/deploy/types";

type Named = Pick<RowDeployment, "service" | "kind" | "from" | "to" | "layers">;
type Ended = Named & Pick<RowDeployment, "origin"> & { readonly outcome: Outcome };

/** How it ended, in one sentence; what is true on the host comes first. */
export function resultSentence({ outcome, origin, ...named }: Ended): string {
  const { kind, from } = named;
  const service = cleanText(named.service);
  if (origin === "outside") return `${OUTSIDE_WORDS}: ${successOf(kind, service, endName(named, "to"))}.`;
  switch (outcome) {
    case "succeeded":
      return `Succeeded: ${successOf(kind, service, endName(named, "to"))}.`;
    case "reverted":
      return from === null
        ? `Reverted: ${service} is detached again.`
        : `Reverted: ${endName(named, "from")} is back.`;
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
export function runningSentence({ phase, ...named }: Named & { phase: Phase }): string {
  const { kind, from } = named;
  const service = cleanText(named.service);
  switch (phase) {
    case "waiting":
    case "switching":
      return doing(kind, service, endName(named, "to"));
    case "settling":
      return `Watching whether ${kind === "restart" ? service : endName(named, "to")} stays up`;
    case "trial":
      return `${endName(named, "to")} is on trial: without a word from somebody ${from === null ? `${service} is detached again` : `${endName(named, "from")} comes back`}`;
    case "going-back":
      return from === null ? `Detaching ${service} again` : `Going back to ${endName(named, "from")}`;
    case "finished":
      return `${KIND_WORDS[kind].done}`;
    default:
      return phase satisfies never;
  }
}

/**
 * What is going on, for the live region: how long it can be cancelled, then the
 * newest step. Nothing in it counts down, or every second would be read out.
 */
export function runningNews(deployment: RowDeployment): string {
  const { phase, startsAt, requestedAt, step } = deployment;
  const sentence = runningSentence(deployment);
  if (phase === "waiting" && startsAt !== null)
    return `${sentence} in ${Math.round((startsAt - requestedAt) / 1000)} s. Until then it can be cancelled.`;
  return step && phase !== "trial" ? sayStep(step) : sentence;
}

/** The same of an end, where it may be that of any service. */
export function endNews(ended: Ended): string {
  return `${cleanText(ended.service)}: ${resultSentence(ended)}`;
}

/** Whether an end has to be told at once. */
export function isBadNews(outcome: Outcome | null): boolean {
  return outcome === "needs-person" || outcome === "reverted";
}

/** "Upgrade to 1.3.0", "Detach": what was asked for, as a heading. */
export function requestTitle(named: Pick<Named, "kind" | "from" | "to" | "layers">): string {
  const { kind } = named;
  switch (kind) {
    case "upgrade":
    case "attach":
      return `${KIND_WORDS[kind].button} ${endName(named, "to")}`;
    case "rollback":
      return `Rollback to ${endName(named, "to")}`;
    case "reattach":
      return `${KIND_WORDS[kind].noun} ${endName(named, "to")}`;
    case "detach":
    case "restart":
    case "change":
    case "adopt":
      return KIND_WORDS[kind].noun;
    default:
      return kind satisfies never;
  }
}

/** The button that undoes: "Switch back to 1.2.0", "Switch back to themes 1", "Attach 1.2.0 again". */
export function backWords({ kind, target }: WayBack, isLayerOnly: boolean): string {
  const layers = Object.entries(target.layers ?? {}).map(([stem, label]) => layerName(stem, label));
  const name = isLayerOnly ? layers.join(", ") : versionName(target.version);
  return kind === "switch" ? `Switch back to ${name}` : `Attach ${name} again`;
}

/** Whether the version stayed and only layers on top of it changed. */
export function isLayerOnly({ from, to, layers = [] }: Pick<Named, "from" | "to" | "layers">): boolean {
  return from === to && layers.length > 0;
}

/** What one end of a deployment is called: "1.3.0", or "themes 2" where only a layer changed. */
export function endName(named: Pick<Named, "from" | "to" | "layers">, end: "from" | "to"): string {
  if (!isLayerOnly(named)) return versionName(named[end]);
  return (named.layers ?? []).map((layer) => layerName(layer.stem, layer[end])).join(", ");
}

function layerName(stem: string, label: string | null): string {
  return `${cleanText(stem)} ${versionName(label)}`;
}

/** What "Cancel" means at this moment; `null` = it is too late. */
export function cancelWords(phase: Phase, kind: Kind): "Cancel" | "Go back now" | "Stop waiting" | null {
  switch (phase) {
    case "waiting":
      return "Cancel";
    case "switching":
      return kind === "restart" ? "Stop waiting" : "Go back now";
    case "settling":
    case "trial":
      return kind === "restart" ? null : "Go back now";
    case "going-back":
    case "finished":
      return null;
    default:
      return phase satisfies never;
  }
}

function doing(kind: Kind, service: string, to: string): string {
  switch (kind) {
    case "upgrade":
    case "rollback":
      return `Switching ${service} to ${to}`;
    case "attach":
      return `Attaching ${service} ${to}`;
    case "reattach":
      return `Attaching ${service} ${to} anew`;
    case "detach":
    case "restart":
    case "change":
    case "adopt":
      return `${KIND_WORDS[kind].doing} ${service}`;
    default:
      return kind satisfies never;
  }
}

function successOf(kind: Kind, service: string, to: string): string {
  switch (kind) {
    case "upgrade":
    case "rollback":
      return `${service} is on ${to}`;
    case "attach":
      return `${service} ${to} is attached`;
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
