import { exitWords } from "@/components/exit-words";
import { versionName } from "@/components/image-words";
import { PROBE_PROBLEMS, probeSentence, seconds } from "@/components/probe-words";
import { rehearsalSentence } from "@/components/rehearsal-sentences";
import { given, type Read, type Sentence } from "@/components/sentence";
import { utcStamp } from "@/components/time-words";
import type { Refusal } from "@/lib/deploy/types";
import type { ErrorCode } from "@/lib/errors";
import type { Finding } from "@/lib/images/types";

export const ERRORS: Record<ErrorCode, Sentence> = {
  unauthenticated: () =>
    "This page is locked, so nothing was changed. Load it again: it says where the newest link is.",
  forbidden: () =>
    "Nothing was changed: the request did not come from a page of this server. Load the page again.",
  "invalid-input": () =>
    "The request could not be understood, so it was not carried out. Load the page again.",
  "not-found": () => "What was asked for is no longer there. Load the page again to see what is.",
  busy: (p) => `A deployment by ${p("by")} is already running for this service; wait for its end.`,
  stale: (p) => staleSentence(p),
  refused: () => "Refused: nothing was changed. Load the page again to see what is true now.",
  "bus-unreachable": () =>
    "The system bus does not answer, so it is not known whether the request arrived. This page connects again by itself and then shows what is true.",
  "bus-denied": () =>
    "The system bus refused this request. Run packaging/install again: it brings the policy that allows it.",
  "portabled-missing": () =>
    "systemd-portabled is not installed on this host, so no image can be attached. Install systemd-container.",
  "portabled-masked": () =>
    "systemd-portabled is masked on this host, so no image can be attached. Unmask systemd-portabled.service.",
  "engine-missing": () =>
    "The engine, which alone may change this host, is not installed, so nothing was changed. Run packaging/install.",
  "engine-not-starting": () =>
    "The engine is installed but does not start; its journal on the host says why. Nothing was changed.",
  "job-failed": (p) =>
    `systemd's job for ${p("unit")} ended as “${p("result")}”. ${exitWords(given(p, "reason"), given(p, "status"))}`.trim(),
  "call-failed": (p) => `A call to systemd failed: ${p("text")} (${p("name")}).`,
  "timed-out": () =>
    "No answer came in time. The request may still be carried out: this page shows it when it is.",
  "no-space": (p) =>
    `There is no room left on the file system of ${p("path")}. Make some, then ask again; going back to an earlier version works all the same.`,
  "read-only": (p) =>
    `Nothing can be written to ${p("path")}: the directory, or the file system it is on, is for reading only, so no image can be attached or detached. Mount it for writing (mount -o remount,rw), then ask again.`,
  "not-writable": (p) =>
    `${p("path")} could not be opened, written or replaced (${p("name")}). Look at its kind, its owner and its attributes on the host (ls -ld, lsattr -d), mend them, then ask again.`,
  "io-error": (p) =>
    `The disk reports an error at ${p("path")} (${p("name")}). Look at the kernel's messages on the host (journalctl -k).`,
  database: (p) =>
    p("problem") === "missing"
      ? "There is no history yet: the engine makes its database when it is first started. What runs is not touched by that."
      : "The history cannot be read at the moment. What runs is not touched by that; restart attache-engine.service if it stays so.",
  unexpected: (p) =>
    given(p, "text") === ""
      ? `Something unforeseen went wrong.${given(p, "reference") === "" ? "" : ` Reference for the log: ${p("reference")}.`}`
      : `Something unforeseen went wrong: ${p("text")}.`,
};

export const REFUSALS: Record<Refusal["code"], Sentence> = {
  "unknown-service": (p) => `This host has no service named ${p("service")}. Load the list again.`,
  "unknown-version": (p) =>
    `${p("service")} has no version ${version(p)} on disk any more. Put the file back or choose another.`,
  "already-current": (p) => `${version(p)} is attached already, so there is nothing to do.`,
  "not-attached": (p) => `${p("service")} is not attached. Attach one of its versions first.`,
  "deployment-running": (p) => `A deployment by ${p("by")} is running; wait for its end.`,
  stale: (p) => staleSentence(p),
  "unknown-layer": (p) =>
    `${p("service")} has no layer ${p("layer")} any more, so nothing was changed. Load the page again.`,
  "layer-missing": (p) => lostLayer(p),
  "layer-problem": (p) =>
    `The layer ${p("layer")} cannot be put on ${p("path")}: ${problemSentence(p)} Nothing was changed.`,
  "layers-alike": (p) =>
    `Two layers are named ${p("layer")}, so a version does not tell which of them is meant. Rename one of their files and attach the service anew.`,
  "image-missing": (p) =>
    `The image ${p("path")} is gone, so nothing can be detached by it. Put the file back.`,
  "image-problem": (p) => `The image cannot be used: ${problemSentence(p)}`,
  "ambiguous-version": (p) =>
    `Several files call themselves ${version(p)}: ${p("paths")}. Remove or rename all but one.`,
  "stem-shared": (p) => sharedStem(p),
  "stem-prefixes": (p) =>
    `This systemd confuses ${p("service")} with ${p("other")}: one name begins with the other, so both would be switched. Rename one of them, or use systemd 256 or newer.`,
  "in-portables-link-dir": (p) => linkDirectory(p),
  "profile-missing": (p) =>
    `It is attached with the profile “${p("profile")}”, which this host no longer has. Put the profile back below /etc/systemd/portable/profile.`,
  "profile-unknown": () =>
    "It is attached without a profile that could be kept, so a switch could change its isolation. Attach it anew with portablectl and a profile.",
  "no-way-back": (p) =>
    `The present image ${p("path")} is gone or unusable, so there would be no way back. Put the file back first.`,
  "unit-exists": (p) =>
    `The new version brings the unit ${p("unit")}, which exists on this host already. Rename or remove the one that is not of this service.`,
  "writable-by-others": (p) =>
    `Anyone on this host can write to ${p("path")}. Take that right away first (chmod o-w).`,
  "foreign-drop-in": (p) =>
    `${p("path")} was not written by portabled, and its reattach would fail half way because of it. Move the file to /etc/systemd/system/${given(p, "unit") === "" ? "UNIT" : p("unit")}.d, where it does the same.`,
  "no-room": (p) =>
    `There is too little room for a switch on the file system of ${p("path")}: it lacks ${p("what") === "files" ? "free inodes" : "space"}. Make some first; going back to an earlier version works all the same.`,
  "nothing-differs": (p) => `${p("service")} is as it was deployed, so there is nothing to adopt or restore.`,
  "differs-otherwise": (p) =>
    `${p("service")} was changed again after this page was drawn. Nothing was adopted; look at the difference again.`,
  "bytes-gone": (p) =>
    `What was deployed is gone: ${p("path")} holds other bytes now. Put the old file back, or adopt the new one.`,
  "restore-location": () =>
    "portabled cannot move an attachment between “until reboot” and “for good”. Detach it and attach it again, or adopt it.",
  "no-such-unit": (p) => `It has no unit ${p("unit")}. Load the page again.`,
  "would-not-start": (p) =>
    `${version(p)} would not start, as a rehearsal on this host found out: ${rehearsalSentence(p)}`,
  marked: (p) =>
    `${markSentence(p)} Lift the mark first, or use the version's own button on the page of the service.`,
  frozen: (p) =>
    `Frozen by ${p("by")}${endOfFreeze(p)}: “${p("reason")}”. Rolling back and restarting stay possible; end the freeze to do more.`,
  "not-marked": (p) => `${version(p)} is not marked any more, so there is nothing to lift.`,
  "not-frozen": (p) => `${p("service")} is not frozen any more, so there is nothing to end.`,
  "reason-missing": () => "Nothing was changed: write down the reason, for whoever reads it later.",
  "not-running": (p) =>
    `${p("service")} does not run, so there is nobody to ask. Start it to try the probes, or save them untried.`,
  "probe-not-local": (p) =>
    `${p("address")} is another machine, or may be one. A probe asks only this host: 127.0.0.1, ::1 or localhost.`,
  "probe-address": (p) =>
    `“${p("address")}” is no address that can be probed. Write http://127.0.0.1:8080/up, 127.0.0.1:5432 or /run/web.sock.`,
  "probe-place": PROBE_PROBLEMS["probe-place"],
  "probe-deadline": (p) =>
    `${p("passes")} passes, ${seconds(p, "intervalMs")} apart, do not fit into ${seconds(p, "deadlineMs")}. Give it more time or ask for less.`,
  "engine-restarted": () => "The engine ended before anything was changed. Ask again.",
};

export const FINDINGS: Record<Finding["code"], Sentence> = {
  "name-not-parsed": (p) =>
    `${p("path")}: the file name does not say service and version. Name it like web_1.2.0.raw.`,
  "not-readable": (p) =>
    LINK_PROBLEMS[p("reason")]?.(p) ??
    `${p("path")} cannot be read (${p("reason")}), so nothing of it is listed. Let the user attache read it, or take it away.`,
  "not-an-image": (p) =>
    given(p, "count") === ""
      ? `${p("path")} is neither a .raw file nor a directory, so it is not used. Move it elsewhere if it is no image.`
      : `${p("path")} holds ${p("count")} files that are neither .raw files nor directories, so they are not used. Is it a place for images?`,
  "image-incomplete": (p) =>
    `${p("path")} is named like an image, but is not complete: it holds no os-release file. If it is still being copied it is listed as soon as that is there; else add usr/lib/os-release, or rename the directory.`,
  "stem-shared": (p) => sharedStem(p),
  "stem-prefixes": (p) =>
    `${p("service")} and ${p("other")}: systemd before 256 confuses them, because one name begins with the other. Rename one of them.`,
  "in-portables-link-dir": (p) => linkDirectory(p),
  "duplicate-version": (p) =>
    `${p("service")} ${version(p)} exists more than once: ${p("paths")}. Remove or rename all but one.`,
  "image-missing": (p) =>
    `${p("service")} is attached from ${p("path")}, but that file is gone: what runs goes on, but will not start again. Put the file back.`,
  "layer-missing": (p) => lostLayer(p),
  "root-missing": (p) =>
    `${p("path")} does not exist, though it is set as a place to look for images. Make it, or change ATTACHE_IMAGE_ROOTS in /etc/attache/attache.env.`,
  "attached-not-read": (p) =>
    `${p("path")} was written by portabled, but cannot be understood (${p("reason")}). Look at the file, or attach the image anew.`,
};

/** A link that leads nowhere is mended by other hands than a file that may not be read. */
const LINK_PROBLEMS: Readonly<Record<string, Sentence>> = {
  ENOENT: (p) =>
    `${p("path")} is a link to something that is not there, so nothing of it is listed. Put back what it leads to, or remove the link.`,
  ELOOP: (p) =>
    `${p("path")} is a link that leads back to itself, so nothing of it is listed. Make it lead to the image, or remove it.`,
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
  "layer-no-release",
  "layer-mismatch",
  "layer-scope",
] as const;

/** What can be wrong inside an image. All but one are mended by building the image anew. */
export const PROBLEMS: Record<(typeof PROBLEM_CODES)[number], Sentence> = {
  "no-file-system": () => "it holds no file system that this host can read. Build or copy it anew.",
  "no-os-release": () => "it has no os-release file. Add one at /usr/lib/os-release and build it anew.",
  "no-id": () => "its os-release file does not set ID=. Add that line and build it anew.",
  "no-matching-units": () =>
    "it has no unit that bears the name of the service. Name a unit like the service, or the file like the units.",
  "prefix-not-allowed": (p) =>
    `it allows only units named ${p("prefixes")}. Name the service so, or change PORTABLE_PREFIXES= in its os-release file.`,
  "scope-user": () =>
    "it is made for user sessions, not for the system. Change PORTABLE_SCOPE= in its os-release file.",
  "cannot-open": (p) => `it cannot be opened${causeOf(p)}`,
  "changed-while-reading": () =>
    "it changed while it was being read. It is looked at again once it is written.",
  "os-release-not-utf8": () =>
    "its os-release file is not UTF-8 text, and portabled would refuse it. Write it in UTF-8 and build it anew.",
  "layer-no-release": (p) =>
    `it has no release file of its own name. Add /usr/lib/extension-release.d/extension-release.${given(p, "name") === "" ? "NAME" : p("name")} and build it anew.`,
  "layer-mismatch": (p) =>
    `it was built for ${p("field")} ${quoted(given(p, "wants"))}, but the image below says ${quoted(given(p, "has"))}. Choose two that fit, or build the layer anew.`,
  "layer-scope": (p) =>
    `it says that it is not for portable services (scope ${quoted(given(p, "scope"))}). Change SYSEXT_SCOPE= in its release file.`,
};

/** Why a deployment ended as it did: the codes that the engine stores with the outcome or a step. */
export const REASONS = {
  "stays-up": () => "Its units are up and stayed up.",
  "nothing-ran": () => "None of its units was running before, so none was started.",
  adopted: () => "What others had changed counts as deployed from then on; nothing on the host was touched.",
  detached: () => "It is detached; its image files are still there.",
  cancelled: () => "It was cancelled before anything happened.",
  "not-cancellable": () => "It is too late for that: it is going back already, or over. Wait for its end.",
  "not-on-trial": () => "It is not on trial any more, so there is nothing to keep. Load the page again.",
  kept: (p) => `It was on trial, and ${p("by")} kept it.`,
  "trial-over": () => "Its trial is over and nobody kept it, so the version from before is back.",
  "way-back-fired": () =>
    "The engine or the machine was lost in the middle of it, so systemd itself put back what was there before.",
  "batch-stopped": (p) =>
    `${p("service")}, which was before it in the batch, failed, so nothing more was begun here.`,
  "batch-undecided": (p) =>
    `${p("service")}, which was before it in the batch, had mixed answers from its probes and is on trial, so nothing more was begun here.`,
  "batch-size": (p) =>
    p("count") === "0"
      ? "Choose at least one service."
      : `${p("count")} services are chosen, but only ${p("limit")} can be begun at once. Leave some out: they can follow.`,
  "broken-off": (p) =>
    `${p("by")} would not wait any longer for ${p("unit")}, which neither stopped nor started.`,
  "record-lost": () => "How it ended was never written down. The page of the service shows what is true now.",
  "engine-away": () => "The engine is away; it is started again when it is asked for.",
  "sent-back": () => "Somebody chose to go back.",
  incomplete: (p) => {
    const missing = given(p, "missing");
    return missing === ""
      ? `portabled reported success, but ${p("path")} is not what is attached.`
      : `portabled attached only a part of ${p("path")}: ${missing} ${missing.includes(",") ? "are" : "is"} missing.`;
  },
  "files-left": (p) => `portabled's files for ${p("path")} were not all taken away.`,
  "unit-failed": (p) => `${p("unit")} failed. ${exitWords(given(p, "result"), given(p, "status"))}`.trim(),
  "unit-gone": (p) => `${p("unit")} no longer exists. Does the image still bring it?`,
  "unit-skipped": (p) =>
    `${p("unit")} was skipped because a condition of it is not met. Conditions are checked on the host, not in the image.`,
  "unit-stopped": (p) =>
    `${p("unit")} did not stay up. ${exitWords(given(p, "result"), given(p, "status"))}`.trim(),
  "unit-restarted": (p) =>
    `${p("unit")} did not stay up: systemd had to start it again. ${exitWords(given(p, "result"), given(p, "status"))}`.trim(),
  "probe-failed": (p) => `A probe failed: ${probeSentence(p)}`,
  "probe-undecided": (p) =>
    `Its units are up and stayed up, but a probe had mixed answers, so somebody has to decide. The last one: ${probeSentence(p)}`,
  "probe-unchecked": (p) =>
    `Its units are up and stayed up, but a probe could not be tried: ${probeSentence(p)}`,
  "try-first": () =>
    "Nothing is saved yet: try it once as it stands here, then save it, whatever came of it.",
  "health-numbers": () =>
    "Nothing was tried or saved: a number is not within its limits. Statuses go from 100 to 599, passes from 1 to 20, times up to 600 seconds.",
  "cut-short": () => "It was cut short, because it was clear already that the version goes.",
  "could-not-go-back": (p) =>
    `What was asked for did not work: ${inner(given(p, "first"), p)} The way back did not work either: ${inner(given(p, "second"), bare)} Nothing more is tried; the steps tell how far it came.${keptWords(given(p, "kept"))}`,
  "changed-meanwhile": (p) =>
    `Somebody else changed it meanwhile: ${given(p, "now") === "" ? "nothing" : p("now")} is attached. Nothing more is tried. The history has what they did, and who it was where that is known.`,
} satisfies Record<string, Sentence>;

function keptWords(kept: string): string {
  return kept === "" ? "" : ` The files of what was attached before are kept in ${kept}.`;
}

/** For a failure inside another sentence: where its parameters are not known, or its own sentence gives advice. */
const IN_SHORT: Readonly<Record<string, string>> = {
  "unit-failed": "A unit failed.",
  "unit-gone": "A unit was gone.",
  "unit-skipped": "A unit was skipped, because a condition of it was not met.",
  "unit-stopped": "A unit did not stay up.",
  "unit-restarted": "A unit did not stay up.",
  "probe-failed": "A probe failed.",
  "probe-undecided": "A probe had mixed answers.",
  "probe-unchecked": "A probe could not be tried.",
  "job-failed": "A job of systemd failed.",
  "call-failed": "systemd refused a call.",
  incomplete: "portabled attached only a part of it.",
  "files-left": "Some of portabled's files were not taken away.",
  "image-missing": "The image was gone.",
  "image-problem": "The image could not be used.",
  "layer-missing": "A layer was gone.",
  "layer-problem": "A layer could not be used.",
  "would-not-start": "A rehearsal found out that it would not start.",
  "not-found": "A file or unit was gone.",
  "invalid-input": "systemd did not understand what it was asked for.",
  "no-space": "The disk was full.",
  "read-only": "A directory could not be written to.",
  "not-writable": "A file could not be opened, written or replaced.",
  "io-error": "The disk reported an error.",
  "bus-unreachable": "The system bus was gone.",
  "bus-denied": "The system bus refused a call.",
  "timed-out": "No answer came in time.",
  "engine-restarted": "The engine was interrupted.",
  "batch-size": "They were too many at once, or none.",
  "batch-stopped": "Another one of its batch failed.",
  "batch-undecided": "Another one of its batch had mixed answers from its probes.",
  "broken-off": "Somebody would not wait any longer.",
  "changed-meanwhile": "Somebody else changed it meanwhile.",
  unexpected: "Something unforeseen went wrong.",
};

/** A failure inside another sentence: in full where its parameters are known, else in short. */
function inner(code: string, p: Read): string {
  const { "could-not-go-back": _, ...reasons } = REASONS; // would hold itself
  const table: Partial<Record<string, Sentence>> = { ...REFUSALS, ...ERRORS, ...reasons };
  const short = Object.hasOwn(IN_SHORT, code) ? IN_SHORT[code] : undefined;
  let asked = 0;
  let missing = 0;
  const full = (Object.hasOwn(table, code) ? table[code] : undefined)?.((name) => {
    asked++;
    if (p(name) === "?") missing++;
    return p(name);
  });
  if (full !== undefined && missing === 0 && (asked > 0 || short === undefined)) return full;
  if (short !== undefined) return short;
  if (Object.hasOwn(REFUSALS, code)) return "A check refused it.";
  return `Something unforeseen went wrong${code === "" ? "" : ` (${code})`}.`;
}

function bare(): string {
  return "?";
}

function version(p: Read): string {
  return versionName(p("version") === "?" ? null : p("version"));
}

function staleSentence(p: Read): string {
  const named = (name: string) => (given(p, name) === "" ? "no version" : given(p, name));
  return `The host has moved on: this page showed ${named("expected")}, but ${named("actual")} is attached now. Nothing was changed; look again and choose anew.`;
}

/** Why a version is not offered: by whom, and in whose words. */
export function markSentence(p: Read): string {
  return given(p, "id") === ""
    ? `${version(p)} was marked by ${p("by")}: “${p("reason")}”.`
    : `${version(p)} is marked, because it was taken back when ${p("by")} deployed it.`;
}

function endOfFreeze(p: Read): string {
  const until = Number(given(p, "until"));
  return until > 0 ? ` until ${utcStamp(until)}` : "";
}

function sharedStem(p: Read): string {
  return `portabled takes everything before the first “_” as the name, so it cannot tell these apart and would mix them up as ${p("service")}: ${p("paths")}. Rename them.`;
}

function lostLayer(p: Read): string {
  return `The layer ${p("path")} of ${p("service")} is gone: what runs goes on, but will not start again, and nothing can be switched. Put the file back.`;
}

function quoted(text: string): string {
  return text === "" ? "nothing" : `“${text}”`;
}

function linkDirectory(p: Read): string {
  return `${p("path")} lies in a directory whose contents portabled deletes on detach. Move it, for example to /var/lib/portables.`;
}

function problemSentence(p: Read): string {
  const code = given(p, "problem");
  const table: Partial<Record<string, Sentence>> = PROBLEMS;
  const sentence = Object.hasOwn(table, code) ? table[code] : undefined;
  return sentence ? sentence(p) : `${code === "" ? "nobody knows why" : code}.`;
}

/** Why an image cannot be opened: an errno where the file cannot be read, else portabled's own words. */
function causeOf(p: Read): string {
  const [name, text] = [given(p, "name"), given(p, "text")];
  const known = Object.hasOwn(OPEN_ERRORS, name) ? OPEN_ERRORS[name] : undefined;
  if (text !== "") return `, says portabled: “${text.replace(/\.$/, "")}”.`;
  if (known) return `: ${known}`;
  return name === "" ? "; was it moved, or are loop devices missing?" : ` (${name}).`;
}

const OPEN_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: "the file is gone. Put it back.",
  EACCES: "its directory may not be entered. Open it to others (chmod o+x).",
  ELOOP: "its links lead in a circle. Mend them.",
};
