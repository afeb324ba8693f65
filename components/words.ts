import { cleanText } from "@/components/clean-text";
import { DIFFERENCE_WORDS } from "@/components/difference-words";
import { PROBE_PROBLEMS } from "@/components/probe-words";
import { REHEARSALS, UNCHECKED } from "@/components/rehearsal-sentences";
import { given, type Read, reader, type Sentence } from "@/components/sentence";
import { ERRORS, FINDINGS, PROBLEMS, REASONS, REFUSALS } from "@/components/sentences";
import type { Kind, Origin, Outcome, Phase, Refusal, Step, StepName } from "@/lib/deploy/types";
import type { Message, Params } from "@/lib/errors";
import type { Finding } from "@/lib/images/types";
import type { BindPathRow, ServiceState, Target } from "@/lib/services/types";
import type { Location } from "@/lib/systemd/types";

/** Words for any message; a code nobody has words for is shown as it is, never hidden. */
export function say(message: Message): string {
  const table: Partial<Record<string, Sentence>> = {
    ...FINDINGS,
    ...PROBLEMS,
    ...REHEARSALS,
    ...UNCHECKED,
    ...PROBE_PROBLEMS,
    ...REFUSALS,
    ...ERRORS,
    ...REASONS,
    ...DIFFERENCE_WORDS,
  };
  return sayFrom(table, message);
}

/** Words for a finding; some codes mean another thing there than in a refusal. */
export function sayFinding(finding: Finding): string {
  return sayFrom(FINDINGS, finding);
}

/** Words for a refusal. */
export function sayRefusal(refusal: Refusal): string {
  return sayFrom(REFUSALS, refusal);
}

export const STATE_WORDS: Record<ServiceState, string> = {
  failed: "Failed",
  starting: "Starting",
  stopping: "Stopping",
  running: "Running",
  waiting: "Waiting",
  stopped: "Stopped",
  detached: "Detached",
  unknown: "Unknown",
};

export const OUTCOME_WORDS: Record<Outcome, string> = {
  succeeded: "Succeeded",
  reverted: "Reverted",
  refused: "Refused",
  cancelled: "Cancelled",
  "needs-person": "Needs a person",
};

/** Where an outcome would stand, for what this program did not do. */
export const OUTSIDE_WORDS = "Done outside Attaché";

/** "anna"; of what was done outside nobody may know who it was. */
export function sayWho({ by, origin }: { by: string; origin: Origin }): string {
  return origin === "outside" && by === "unknown" ? "somebody unknown" : cleanText(by);
}

export const PHASE_WORDS: Record<Phase, string> = {
  waiting: "Waiting",
  switching: "Switching",
  settling: "Settling",
  trial: "On trial",
  "going-back": "Going back",
  finished: "Finished",
};

export const KIND_WORDS: Record<Kind, { noun: string; button: string; doing: string; done: string }> = {
  attach: { noun: "Attach", button: "Attach", doing: "Attaching", done: "Attached" },
  upgrade: { noun: "Upgrade", button: "Upgrade to", doing: "Switching", done: "Upgraded" },
  rollback: { noun: "Rollback", button: "Roll back to", doing: "Switching", done: "Rolled back" },
  detach: { noun: "Detach", button: "Detach", doing: "Detaching", done: "Detached" },
  restart: { noun: "Restart", button: "Restart", doing: "Restarting", done: "Restarted" },
  reattach: { noun: "Reattach", button: "Reattach", doing: "Attaching anew", done: "Reattached" },
  change: { noun: "Change by hand", button: "Change", doing: "Changing", done: "Changed" },
  adopt: { noun: "Adoption", button: "Adopt", doing: "Adopting", done: "Adopted" },
};

export const WHY_WORDS: Record<Target["why"], string> = {
  newest: "newest",
  history: "ran before",
  journal: "ran before, says the journal",
  "next-lower": "next lower; no older version here is known to have run",
};

export const LOCATION_WORDS: Record<Location, string> = {
  persistent: "Attached persistently: it stays after a reboot.",
  runtime: "Attached until reboot: the next boot will not know it.",
};

export const SET_BY_WORDS: Record<BindPathRow["setBy"], string> = {
  image: "the image's unit",
  profile: "the profile",
  host: "a drop-in of this host",
  directory: "systemd, by",
  unknown: "an unknown file",
};

export const STEP_OUTCOME_WORDS: Record<Step["outcome"], string> = {
  running: "Running",
  done: "Done",
  failed: "Failed",
  unsure: "Unsure",
};

const STEPS: Record<StepName, (p: Read, step: Pick<Step, "direction">) => string> = {
  wait: () => "Wait, so that it can be cancelled",
  check: () => "Check the new image",
  rehearse: () => "Rehearse the start of the new version",
  remember: () => "Note the way back",
  arm: () => "Have systemd take the way back should the engine be lost",
  attach: (p, { direction }) =>
    `${direction === "back" ? "Attach the old image again" : "Attach the image"}${given(p, "path") === "" ? "" : `: ${p("path")}`}${given(p, "layers") === "" ? "" : ` with ${p("layers")}`}`,
  detach: () => "Detach the image",
  compare: () => "Compare the files of all other services",
  repair: (p) => `Put back the files of ${p("service")}`,
  reload: () => "Reload systemd",
  disable: (p) => `No longer start at boot: ${p("units")}`,
  enable: (p) => `Start at boot: ${p("units")}`,
  stop: (p) => `Stop ${p("unit")}`,
  start: (p) => `Start ${p("unit")}`,
  restart: (p) => `Restart ${p("unit")}`,
  settle: (p) => (given(p, "units") === "" ? "Look again" : `Watch whether it stays up: ${p("units")}`),
  trial: () => "Watch until somebody keeps it, or its time is over",
  "way-back": () => "Have systemd put back the files of the old version",
  kill: (p) => `End ${p("unit")} by force, since it would not stop`,
  probe: (p) => `Probe ${p("address")}`,
};

/** One step in words. */
export function sayStep(step: Pick<Step, "name" | "direction" | "params">): string {
  return STEPS[step.name](reader(step.params), step);
}

/** What the host lacks, and the command that adds it. */
export const MISSING: Readonly<Record<string, { sentence: string; command: string }>> = {
  "bus-unreachable": {
    sentence: "No system bus answers on this host, so nothing of it can be seen.",
    command: "systemctl start dbus.service",
  },
  "bus-denied": {
    sentence: "The system bus does not let this server ask. It has to read its rules again:",
    command: "systemctl reload dbus.service",
  },
  "portabled-missing": {
    sentence: "systemd-portabled, which attaches images, is not installed. On Debian:",
    command: "apt-get install systemd-container",
  },
  "portabled-masked": {
    sentence:
      "systemd-portabled, which attaches images, is masked: somebody decided that it must not start. To allow it again:",
    command: "systemctl unmask systemd-portabled.service",
  },
  "engine-missing": {
    sentence:
      "The engine, which alone may change this host, is not installed. In a built checkout of Attaché (npm run build):",
    command: "packaging/install",
  },
  "engine-not-starting": {
    sentence:
      "The engine, which alone may change this host, is installed but does not start; journalctl -u attache-engine.service says why. Once that is mended:",
    command: "systemctl restart attache-engine.service",
  },
  database: {
    sentence: "There is no readable history; the engine makes it when it starts.",
    command: "systemctl restart attache-engine.service",
  },
};

function sayFrom(table: Partial<Record<string, Sentence>>, { code, params }: Message): string {
  const sentence = Object.hasOwn(table, code) ? table[code] : undefined;
  return sentence
    ? sentence(reader(params))
    : `No words are known for this yet: ${cleanText(code)}${listParams(params)}.`;
}

function listParams(params: Params): string {
  const pairs = Object.entries(params).map(
    ([name, value]) => `${cleanText(name)} ${cleanText(String(value))}`,
  );
  return pairs.length === 0 ? "" : ` (${pairs.join(", ")})`;
}
