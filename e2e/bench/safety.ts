import type { Box } from "../lab/box";
import { placeBadImages, placeIdleServices } from "./bad-images";
import type { Bench } from "./bench-box";
import type { Figures } from "./figures";
import type { Crashing } from "./guest/crashing";
import type { Failing } from "./guest/failing";
import type { Killed } from "./guest/killed";
import type { Races } from "./guest/races";
import { runProgram } from "./guest-program";
import { median, quantile, round } from "./statistics";

const ROUNDS = 4;
const CRASHES = 20;
const RACES = 1000;
const OTHERS = ["startpage", "guestbook", "clock", "backup", "weather", "metrics", "gallery"];

/** Longer than the second after which one of the versions ends; the shorter the stricter. */
export const SAFETY_SETTLE_MS = 1500;

/** Switches that fail, versions that crash again and again, and many who want the same. */
export async function measureSafety(box: Box, { say }: Bench): Promise<Figures> {
  await placeBadImages(box);
  say("Switches that fail, each kind in its own way");
  const failing = await runProgram<Failing>(box, "failing", [ROUNDS, ...OTHERS], { say });
  for (const line of [...failing.withoutFiles, ...failing.othersChanged]) say(line);
  const ends = Object.values(failing.ends).flat();
  say("Upgrades to versions that crash again and again");
  const { backMs } = await runProgram<Crashing>(box, "crashing", [CRASHES], { say });
  return {
    "safety.without_files": failing.withoutFiles.length,
    "safety.others_changed": failing.othersChanged.length,
    "safety.failing_switches": ends.length,
    "safety.failing_kinds": Object.keys(failing.ends).length,
    "safety.failing_reverted": ends.filter((end) => end === "reverted").length,
    "safety.failing_refused": ends.filter((end) => end === "refused").length,
    "safety.back_p95_ms": round(quantile(backMs, 0.95) - SAFETY_SETTLE_MS),
    "safety.back_from_restart_median_ms": round(median(backMs)),
    "safety.back_from_restart_max_ms": round(Math.max(...backMs)),
    "safety.back_settle_ms": SAFETY_SETTLE_MS,
    "safety.back_runs": backMs.length,
  };
}

/** Ten requests at the same moment, again and again. */
export async function measureRaces(box: Box, { say }: Bench): Promise<Figures> {
  say("Races of ten requests on one service");
  const { races, oneEach, unnamed, endedEarly, refusalMs } = await runProgram<Races>(box, "races", [RACES], {
    say,
  });
  for (const end of new Set(endedEarly)) say(end);
  return {
    "race.one_each": `${oneEach}/${races}`,
    "race.refusal_p95_ms": round(quantile(refusalMs, 0.95), 1),
    "race.unnamed": unnamed,
    "race.ended_early": endedEarly.length,
    "race.refusal_median_ms": round(median(refusalMs), 1),
    "race.refusal_max_ms": round(Math.max(...refusalMs), 1),
    "race.refusals": refusalMs.length,
  };
}

/** What is shipped: how long a version is watched, and what PID 1 may take beyond that. */
export const KILLED_SETTLE_MS = 5000;
const KILLED_MARGIN_MS = 2000;
const KILLS = 20;
const KILLED_SERVICES = Array.from({ length: 5 }, (_, n) => `idle-${n}`);

/** Engine and web server are killed right after a switch and do not come back. */
export async function measureKilled(box: Box, { say }: Bench): Promise<Figures> {
  await placeIdleServices(box, KILLED_SERVICES);
  say(
    `Engine and web server killed right after switches of ${KILLED_SERVICES.length} services, ${KILLS} times`,
  );
  const { backMs } = await runProgram<Killed>(box, "killed", [KILLS, ...KILLED_SERVICES], { say });
  const back = backMs.filter((ms) => ms !== null);
  const inTime = back.filter((ms) => ms <= KILLED_SETTLE_MS + KILLED_MARGIN_MS);
  return {
    "safety.killed_back": `${inTime.length}/${backMs.length}`,
    "safety.killed_lost": backMs.length - back.length,
    "safety.killed_back_median_ms": round(median(back)),
    "safety.killed_back_max_ms": round(Math.max(...back)),
  };
}
