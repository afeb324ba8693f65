import { exitWords } from "@/components/exit-words";
import { given, type Read, type Sentence } from "@/components/sentence";

/** What a rehearsal found missing: why the version would not start, and what to do. They follow a colon. */
export const REHEARSALS = {
  "image-lacks-directory": (p) =>
    `the image lacks the empty directory ${p("path")}, which the host mounts something into. Build it anew with it.`,
  "image-lacks-file": (p) =>
    `the image lacks the file ${p("path")}, which may be empty: the host mounts its own over it. Build it anew with it.`,
  "image-lacks-data-place": (p) =>
    `${p("unit")} keeps data in ${p("path")} (${p("setting")}), but the image, which is read-only, has no such directory to mount it on. Build it anew with it.`,
  "image-lacks-bind-place": (p) =>
    `the image has no ${p("path")} on which ${p("source")} of the host could be mounted. Build it anew with it, or change the bind path.`,
  "image-lacks-program": (p) =>
    `the image does not hold the program ${p("path")} that ${p("unit")} starts. Build it anew with it.`,
  "image-lacks-working-directory": (p) =>
    `${p("unit")} works in ${p("path")}, which does not exist in the image. Build it anew with it.`,
  "host-lacks-path": (p) =>
    `the host has no ${p("path")}, which ${p("unit")} wants to use. Make it, or change the bind path.`,
  "host-lacks-environment-file": (p) =>
    `the host has no settings file ${p("path")} (EnvironmentFile= is read on the host). Put it there.`,
  "credential-missing": (p) =>
    `a credential that ${p("unit")} loads is missing on the host. Its LoadCredential= says where it belongs.`,
  "user-unknown": (p) =>
    `${p("unit")} runs as the user ${p("user")}, whom neither the image nor the host knows. Make that user, or use DynamicUser=.`,
  "group-unknown": (p) =>
    `${p("unit")} runs with the group ${p("group")}, which neither the image nor the host knows. Make that group.`,
  "image-not-opened": (p) =>
    `the image cannot be mounted${given(p, "text") === "" ? "" : `, says systemd: “${given(p, "text").replace(/\.$/, "")}”`}. Was it moved or changed, or are loop devices missing?`,
  "mount-fails": (p) => `${p("path")} cannot be mounted, says systemd: “${p("text")}”.`,
  "sandbox-not-possible": (p) =>
    `${exitWords("exit-code", p("status"))}${given(p, "line") === "" ? "" : ` systemd says: “${given(p, "line")}”.`}`,
} satisfies Record<string, Sentence>;

/** Why nothing is known of a version. They follow a colon as well. */
export const UNCHECKED = {
  "directory-image": () =>
    "it is a directory, and systemd would add what is missing to it. It is tried when it is switched to.",
  "writable-image": () =>
    "its file system can be written to, and mounting it a second time could harm it. It is tried when it is switched to.",
  "no-service": () => "none of its units is a service that would be started now.",
  "odd-name": (p) => `the name of ${p("unit")} or of an image holds characters that cannot be rehearsed.`,
  "makes-mount-point": (p) =>
    `${p("path")} does not exist on the host yet, and systemd would make it. It is tried at the switch.`,
  "rehearsal-timed-out": () => "the rehearsal took too long. Try it again when the host is less busy.",
  "rehearsal-not-loaded": (p) => `systemd did not take the rehearsal (${p("load")}). Try it again.`,
  "rehearsal-failed": (p) => `the rehearsal could not be held, says systemd: “${p("text")}”.`,
  "rehearsal-unclear": (p) =>
    `the rehearsal ended in a way that proves nothing${given(p, "line") === "" ? "" : `: “${given(p, "line")}”`}.`,
} satisfies Record<string, Sentence>;

/** The sentence for what is in `problem`; what nobody has words for is shown as it is. */
export function rehearsalSentence(p: Read): string {
  const table: Partial<Record<string, Sentence>> = { ...REHEARSALS, ...UNCHECKED };
  const code = given(p, "problem");
  const sentence = Object.hasOwn(table, code) ? table[code] : undefined;
  return sentence ? sentence(p) : `${code === "" ? "nobody knows why" : code}.`;
}
