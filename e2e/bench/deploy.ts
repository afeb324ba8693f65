import type { Box } from "../lab/box";
import type { Bench } from "./bench-box";
import type { Figures } from "./figures";
import type { DeployPair, Results } from "./guest/deploys";
import { runProgram } from "./guest-program";
import { median, round } from "./statistics";

const PAIRS = 24;
/** PID 1 takes 80 to 130 ms to reload, on either side: fewer pairs than this, and a median tells that and nothing else. */
const SWITCH_PAIRS = 100;
const UPGRADES = 20;

/** Ours against `portablectl`, in the same box, in turn. */
export async function measureDeployments(box: Box, { say }: Bench): Promise<Figures> {
  const run = <K extends keyof Results>(what: K, count: number) =>
    runProgram<Results[K]>(box, "deploys", [what, count], { say });
  say("Upgrades through the engine and by portablectl reattach, in turn");
  const warm = await run("warm", SWITCH_PAIRS);
  say("The same with an image that changed, so that it has to be opened first");
  const cold = await run("cold", SWITCH_PAIRS);
  say("How long startpage does not answer, against portablectl detach and attach");
  const downtime = await run("downtime", PAIRS);
  say("Upgrades of a socket-activated service with visitors");
  const socket = await run("socket", UPGRADES);
  return {
    ...ratios("deploy.", "", warm),
    ...ratios("deploy.", "cold_", cold),
    ...steps("deploy.step_", warm),
    ...steps("deploy.cold_step_", cold),
    ...ratios("downtime.", "", downtime),
    "downtime.socket_failed": socket.failed,
    "downtime.socket_asked": socket.asked,
    "downtime.socket_upgrades": UPGRADES,
    "downtime.socket_slowest_ms": round(socket.slowestMs),
  };
}

/** The median of the ratios of the pairs, and both sides' medians beside it. */
function ratios(area: string, kind: string, pairs: readonly { oursMs: number; theirsMs: number }[]): Figures {
  return {
    [`${area}${kind}ratio`]: round(median(pairs.map(({ oursMs, theirsMs }) => oursMs / theirsMs)), 3),
    [`${area}${kind}ours_ms`]: round(median(pairs.map(({ oursMs }) => oursMs))),
    [`${area}${kind}theirs_ms`]: round(median(pairs.map(({ theirsMs }) => theirsMs))),
    [`${area}${kind}pairs`]: pairs.length,
  };
}

/** Where our time goes. */
function steps(prefix: string, pairs: readonly DeployPair[]): Figures {
  const names = [...new Set(pairs.flatMap((pair) => Object.keys(pair.steps)))];
  return Object.fromEntries(
    names.map((name) => [`${prefix}${name}_ms`, round(median(pairs.map((pair) => pair.steps[name] ?? 0)))]),
  );
}
