import type { Message, Params } from "@/lib/errors";
import type { RehearsalVerdict } from "@/lib/images/types";
import type { DataDirectory } from "@/lib/rehearsal/unit-text";
import type { UnitStatus } from "@/lib/systemd/types";

/** What is known of a rehearsal when it has ended. */
export interface Ending {
  readonly status: UnitStatus;
  /** PID 1's and its child's own words about it, oldest first; hostile text. */
  readonly lines: readonly string[];
  readonly directories: readonly DataDirectory[];
  readonly programs: readonly string[];
  readonly workingDirectory: string | null;
  /** Sources of bind paths and settings files that the host does not have. */
  readonly missing: ReadonlySet<string>;
}

/** Exit codes of systemd.exec(5) that stand for one thing alone. */
const SETUP: Readonly<Record<number, (status: UnitStatus) => Message>> = {
  216: ({ service }) => problem("group-unknown", { group: service?.group ?? "" }),
  217: ({ service }) => problem("user-unknown", { user: service?.user ?? "" }),
  243: () => problem("credential-missing"),
};
const NAMESPACE = 226;
/** The program is looked for when everything else stands, and ours does not exist. */
const EXEC = 203;

const FILES = ["/etc/machine-id", "/etc/resolv.conf", "/etc/localtime"];

/** What a rehearsal proved, in the rows of portabled's known failures. */
export function judge(ending: Ending): RehearsalVerdict {
  const { status, lines } = ending;
  const { result = "", exitStatus = 0 } = status.service ?? {};
  if (result === "timeout") return unchecked("rehearsal-timed-out");
  const absent = status.service?.environmentFiles.find(
    ({ path, optional }) => !optional && ending.missing.has(path),
  );
  if (result === "resources" && absent) return fails("host-lacks-environment-file", { path: absent.path });
  if (exitStatus === EXEC) return { verdict: "mounts" };
  if (exitStatus === NAMESPACE) return mountVerdict(ending);
  const known = SETUP[exitStatus];
  if (known) return { verdict: "would-not-start", problem: known(status) };
  if (exitStatus >= 200) return fails("sandbox-not-possible", { status: exitStatus, line: lastOf(lines) });
  return unchecked("rehearsal-unclear", { result, status: exitStatus, line: lastOf(lines) });
}

function mountVerdict(ending: Ending): RehearsalVerdict {
  const { status, lines } = ending;
  const { path, text } = namedPath(lines);
  // When the source of a bind path is missing, PID 1 names the place where it was to go.
  const mounts = status.service?.bindPaths ?? [];
  const lacking = mounts.find(({ source, optional }) => !optional && ending.missing.has(source));
  if (lacking && (path === null || path === lacking.destination || path === lacking.source))
    return fails("host-lacks-path", { path: lacking.source });
  if (path === null) return fails("image-not-opened", { text });
  const directory = ending.directories.find(({ destination }) => destination === path);
  if (directory) return fails("image-lacks-data-place", { path, setting: directory.setting });
  if (FILES.includes(path)) return fails("image-lacks-file", { path }); // bound by the profile as well
  const mount = mounts.find(({ destination }) => destination === path);
  if (mount) return fails("image-lacks-bind-place", { path, source: mount.source });
  const isAbsent = /No such file|Read-only file system/.test(text);
  const isOurs = ending.programs.includes(path) || ending.workingDirectory === path;
  // We asked for it, not the unit: only that it is not there says something.
  if (isOurs && !isAbsent) return unchecked("rehearsal-unclear", { path, line: text });
  if (ending.programs.includes(path)) return fails("image-lacks-program", { path });
  if (ending.workingDirectory === path) return fails("image-lacks-working-directory", { path });
  if (isAbsent) return fails("image-lacks-directory", { path });
  return fails("mount-fails", { path, text });
}

/**
 * The path that the line of a 226 names, as the image sees it (up to 252 it
 * bears the place of the image's root), and the reason.
 */
function namedPath(lines: readonly string[]): { path: string | null; text: string } {
  const line = lines.find((one) =>
    /Failed to set up mount namespacing|Failed to open service's root/.test(one),
  );
  const [, said = ""] = /(?:mount namespacing|service's root fs): (.*)$/.exec(line ?? "") ?? [];
  const [, path, reason] = /^(\/.*): ([^:]+)$/.exec(said) ?? [];
  if (path === undefined || reason === undefined) return { path: null, text: said };
  const inside = path
    .replace(/^\/run\/systemd\/(?:unit-root|mount-rootfs)(?=\/)/, "")
    .replace(/(?<=.)\/$/, "");
  const isImage = /service's root fs/.test(line ?? "") || /^\/run\/systemd\//.test(inside);
  return isImage ? { path: null, text: said } : { path: inside, text: reason };
}

function lastOf(lines: readonly string[]): string {
  return (lines.at(-1) ?? "").replace(/^attache-rehearsal-[^:]*: /, "").slice(0, 500);
}

function fails(code: string, params: Params): RehearsalVerdict {
  return { verdict: "would-not-start", problem: problem(code, params) };
}

/** Nothing is known of the version; it is neither praised nor blamed. */
export function unchecked(code: string, params: Params = {}): RehearsalVerdict {
  return { verdict: "unchecked", problem: problem(code, params) };
}

function problem(code: string, params: Params = {}): Message {
  return { code, params };
}
