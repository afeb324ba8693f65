import { cleanText } from "@/components/clean-text";
import { exitWords } from "@/components/exit-words";
import { versionName } from "@/components/image-words";
import type { Kind, Outcome, Phase, Refusal, Step, StepName } from "@/lib/deploy/types";
import type { ErrorCode, Message, Params } from "@/lib/errors";
import type { Finding } from "@/lib/images/types";
import type { BindPathRow, ServiceState, Target } from "@/lib/services/types";
import type { Location } from "@/lib/systemd/types";

/** Parameters as safe text: control and bidi characters escaped, "?" for what is missing. */
type Read = (name: string) => string;
type Sentence = (p: Read) => string;

const version = (p: Read, name = "version") => versionName(p(name) === "?" ? null : p(name));

export const ERRORS: Record<ErrorCode, Sentence> = {
  unauthenticated: () => "This page is locked. Open the link that the server printed.",
  forbidden: () => "You may not do this.",
  "invalid-input": () => "The request could not be understood, so nothing was changed. Load the page again.",
  "not-found": () => "It is no longer there.",
  busy: (p) => `A deployment by ${p("by")} is already running for this service.`,
  stale: (p) => staleSentence(p),
  refused: () => "Refused: nothing was changed.",
  "bus-unreachable": () => "The system bus does not answer. Whether the request arrived is not known.",
  "bus-denied": () => "The system bus refuses this request. Nothing was changed.",
  "portabled-missing": () => "systemd-portabled is not installed on this host.",
  "engine-missing": () =>
    "The engine, which alone may change this host, is not installed or does not answer.",
  "job-failed": (p) =>
    `systemd's job for ${p("unit")} ended as “${p("result")}”. ${exitWords(given(p, "reason"), given(p, "status"))}`.trim(),
  "call-failed": (p) => `A call to systemd failed: ${p("text")} (${p("name")}).`,
  "timed-out": () => "No answer came in time. The request may still be carried out.",
  database: () => "The history cannot be read at the moment.",
  unexpected: (p) =>
    given(p, "text") === ""
      ? `Something unforeseen went wrong.${given(p, "reference") === "" ? "" : ` Reference for the log: ${p("reference")}.`}`
      : `Something unforeseen went wrong: ${p("text")}.`,
};

export const REFUSALS: Record<Refusal["code"], Sentence> = {
  "unknown-service": (p) => `This host has no service named ${p("service")}.`,
  "unknown-version": (p) => `${p("service")} has no version ${version(p)} on disk any more.`,
  "already-current": (p) => `${version(p)} is attached already.`,
  "not-attached": (p) => `${p("service")} is not attached.`,
  "already-attached": (p) => `${p("service")} is attached already, as ${version(p)}.`,
  "deployment-running": (p) => `A deployment by ${p("by")} is running.`,
  stale: (p) => staleSentence(p),
  "has-extensions": (p) =>
    `Attached with extensions (${p("extensions")}), which cannot be switched from here yet.`,
  "image-missing": (p) =>
    `The image ${p("path")} is gone, so nothing can be detached by it. Put the file back.`,
  "image-problem": (p) => `The image cannot be used: ${problemSentence(p)}`,
  "ambiguous-version": (p) =>
    `Several files call themselves ${version(p)}: ${p("paths")}. Remove or rename all but one.`,
  "stem-shared": (p) => sharedStem(p),
  "stem-prefixes": (p) =>
    `This systemd confuses ${p("service")} with ${p("other")}: one name begins with the other, so both would be switched.`,
  "in-portables-link-dir": (p) => linkDirectory(p),
  "profile-missing": (p) =>
    `It is attached with the profile “${p("profile")}”, which this host no longer has.`,
  "profile-unknown": () =>
    "It is attached without a profile that could be kept, so a switch could change its isolation.",
  "prefix-not-allowed": (p) =>
    `The image does not allow units named ${p("prefix")}; it allows ${p("prefixes")}.`,
  "no-way-back": (p) => `The present image ${p("path")} is gone or unusable, so there would be no way back.`,
  "unit-exists": (p) => `The new version brings the unit ${p("unit")}, which exists on this host already.`,
  "writable-by-others": (p) =>
    `Anyone on this host can write to ${p("path")}. Take that right away first (chmod o-w).`,
  "no-such-unit": (p) => `It has no unit ${p("unit")}.`,
  "engine-restarted": () => "The engine ended before anything was changed.",
};

export const FINDINGS: Record<Finding["code"], Sentence> = {
  "name-not-parsed": (p) =>
    `${p("path")}: the file name does not say service and version. Name it like web_1.2.0.raw.`,
  "not-readable": (p) => `${p("path")} cannot be read (${p("reason")}).`,
  "not-an-image": (p) => `${p("path")} is neither a .raw file nor a directory.`,
  "stem-shared": (p) => sharedStem(p),
  "stem-prefixes": (p) =>
    `${p("service")} and ${p("other")}: systemd before 256 confuses them, because one name begins with the other.`,
  "in-portables-link-dir": (p) => linkDirectory(p),
  "duplicate-version": (p) => `${p("service")} ${version(p)} exists more than once: ${p("paths")}.`,
  "image-missing": (p) => `${p("service")} is attached from ${p("path")}, but that file is gone.`,
  "root-missing": (p) => `${p("path")} does not exist, though it is set as a place to look for images.`,
  "attached-not-read": (p) =>
    `${p("path")} was written by portabled, but cannot be understood (${p("reason")}).`,
};

export const PROBLEM_CODES = [
  "no-file-system",
  "no-os-release",
  "no-id",
  "no-matching-units",
  "prefix-not-allowed",
  "scope-user",
  "cannot-open",
  "changed-while-reading",
  "os-release-not-utf8",
] as const;

/** What can be wrong inside an image. */
export const PROBLEMS: Record<(typeof PROBLEM_CODES)[number], Sentence> = {
  "no-file-system": () => "it holds no file system that this host can read.",
  "no-os-release": () => "it has no os-release file.",
  "no-id": () => "its os-release file does not set ID=.",
  "no-matching-units": () => "it has no unit that bears the name of the service.",
  "prefix-not-allowed": (p) => `it allows only units named ${p("prefixes")}.`,
  "scope-user": () => "it is made for user sessions, not for the system.",
  "cannot-open": (p) =>
    `it cannot be opened${given(p, "reason") === "" ? "" : ` (${p("reason")})`}; was it moved, or are loop devices missing?`,
  "changed-while-reading": () => "it changed while it was being read.",
  "os-release-not-utf8": () => "its os-release file is not UTF-8 text, and portabled would refuse it.",
};

/** Why a deployment ended as it did: the codes that the engine stores with the outcome or a step. */
export const REASONS = {
  "stays-up": () => "Its units are up and stayed up.",
  "nothing-ran": () => "None of its units was running before, so none was started.",
  detached: () => "It is detached; its image files are still there.",
  cancelled: () => "It was cancelled before anything happened.",
  "not-cancellable": () =>
    "It is too late to cancel, and too early to go back: it is being switched right now.",
  "record-lost": () => "How it ended was never written down. The page of the service shows what is true now.",
  "engine-away": () => "The engine is away; it is started again when it is asked for.",
  "sent-back": () => "Somebody chose to go back.",
  "not-attached-after": (p) => `portabled reported success, but ${p("path")} is not attached.`,
  "unit-failed": (p) => `${p("unit")} failed. ${exitWords(given(p, "result"), given(p, "status"))}`.trim(),
  "unit-gone": (p) => `${p("unit")} no longer exists.`,
  "unit-skipped": (p) =>
    `${p("unit")} was skipped because a condition of it is not met. Conditions are checked on the host, not in the image.`,
  "unit-stopped": (p) =>
    `${p("unit")} did not stay up. ${exitWords(given(p, "result"), given(p, "status"))}`.trim(),
  "unit-restarted": (p) =>
    `${p("unit")} did not stay up: systemd had to start it again. ${exitWords(given(p, "result"), given(p, "status"))}`.trim(),
  "could-not-go-back": (p) =>
    `The new version did not come up (${inShort(p("first"))}), and neither did the old one (${inShort(p("second"))}).`,
  "changed-meanwhile": (p) =>
    `Somebody else changed it meanwhile: ${given(p, "now") === "" ? "nothing" : p("now")} is attached.`,
  "others-changed": (p) => `Files of other services changed at the same time: ${p("services")}.`,
  "now-attached": (p) => `${version(p)} is attached now.`,
} satisfies Record<string, Sentence>;

/** A failure inside another sentence. */
const IN_SHORT: Readonly<Record<string, string>> = {
  "unit-failed": "a unit failed",
  "unit-gone": "a unit was gone",
  "unit-skipped": "a unit was skipped",
  "unit-stopped": "a unit did not stay up",
  "unit-restarted": "a unit did not stay up",
  "job-failed": "a job of systemd failed",
  "not-attached-after": "portabled did not attach it",
  "timed-out": "no answer came in time",
  "call-failed": "systemd refused a call",
  "bus-unreachable": "the system bus was gone",
  "engine-restarted": "the engine was interrupted",
  "sent-back": "somebody chose to go back",
};

function inShort(code: string): string {
  return (Object.hasOwn(IN_SHORT, code) ? IN_SHORT[code] : undefined) ?? code;
}

/** Words for any message; a code nobody has words for is shown as it is, never hidden. */
export function say(message: Message): string {
  const table: Partial<Record<string, Sentence>> = {
    ...FINDINGS,
    ...PROBLEMS,
    ...REFUSALS,
    ...ERRORS,
    ...REASONS,
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

export const PHASE_WORDS: Record<Phase, string> = {
  waiting: "Waiting",
  switching: "Switching",
  settling: "Settling",
  "going-back": "Going back",
  finished: "Finished",
};

export const KIND_WORDS: Record<Kind, { noun: string; button: string; doing: string; done: string }> = {
  attach: { noun: "Attach", button: "Attach", doing: "Attaching", done: "Attached" },
  upgrade: { noun: "Upgrade", button: "Upgrade to", doing: "Switching", done: "Upgraded" },
  rollback: { noun: "Rollback", button: "Roll back to", doing: "Switching", done: "Rolled back" },
  detach: { noun: "Detach", button: "Detach", doing: "Detaching", done: "Detached" },
  restart: { noun: "Restart", button: "Restart", doing: "Restarting", done: "Restarted" },
};

export const WHY_WORDS: Record<Target["why"], string> = {
  newest: "newest",
  history: "ran before",
  journal: "ran before, says the journal",
  "next-lower": "next lower; nothing is known of what ran before",
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
  skipped: "Skipped",
};

const STEPS: Record<StepName, (p: Read, step: Pick<Step, "direction">) => string> = {
  wait: () => "Wait, so that it can be cancelled",
  check: () => "Check the new image",
  remember: () => "Note the way back",
  attach: (p, { direction }) =>
    `${direction === "back" ? "Attach the old image again" : "Attach the image"}${given(p, "path") === "" ? "" : `: ${p("path")}`}`,
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
};

/** One step in words. */
export function sayStep(step: Pick<Step, "name" | "direction" | "params">): string {
  return STEPS[step.name](reader(step.params), step);
}

/** What the host lacks, and the command that adds it. */
export const MISSING: Readonly<Record<string, { sentence: string; command: string }>> = {
  "bus-unreachable": {
    sentence: "No system bus answers on this host.",
    command: "systemctl start dbus.service",
  },
  "bus-denied": {
    sentence: "The system bus does not let this server ask.",
    command: "systemctl reload dbus.service",
  },
  "portabled-missing": {
    sentence: "systemd-portabled, which attaches images, is not installed.",
    command: "apt-get install systemd-container",
  },
  "engine-missing": {
    sentence: "The engine, which alone may change this host, is not installed or does not start.",
    command: "systemctl status attache-engine.service",
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

function reader(params: Params): Read {
  return (name) => {
    const value = Object.hasOwn(params, name) ? params[name] : undefined;
    return value === undefined ? "?" : cleanText(String(value));
  };
}

/** The parameter, or "" where there is none. */
function given(p: Read, name: string): string {
  const value = p(name);
  return value === "?" ? "" : value;
}

function listParams(params: Params): string {
  const pairs = Object.entries(params).map(
    ([name, value]) => `${cleanText(name)} ${cleanText(String(value))}`,
  );
  return pairs.length === 0 ? "" : ` (${pairs.join(", ")})`;
}

function staleSentence(p: Read): string {
  const named = (name: string) => (given(p, name) === "" ? "no version" : given(p, name));
  return `The host has moved on: this page showed ${named("expected")}, but ${named("actual")} is attached now. Nothing was changed.`;
}

function sharedStem(p: Read): string {
  return `portabled takes everything before the first “_” as the name, so it cannot tell these apart and would mix them up as ${p("service")}: ${p("paths")}. Rename them.`;
}

function linkDirectory(p: Read): string {
  return `${p("path")} lies in a directory whose contents portabled deletes on detach. Move it, for example to /var/lib/portables.`;
}

function problemSentence(p: Read): string {
  const code = given(p, "problem");
  const sentence: Sentence | undefined = Object.hasOwn(PROBLEMS, code)
    ? (PROBLEMS as Partial<Record<string, Sentence>>)[code]
    : undefined;
  return sentence ? sentence(p) : `${code === "" ? "unknown reason" : code}.`;
}
