import { listSetting, parseUnitFile, type UnitSetting } from "@/lib/images/unit-file";

/** A service of a version, as PID 1 would read it once the version is attached. All of it is hostile text. */
export interface RealUnit {
  /** `web.service`, or an instance: `worker@a.service`. */
  readonly name: string;
  /** The unit file of the image, then the drop-ins, in the order in which PID 1 reads them. */
  readonly texts: readonly string[];
}

/** A directory that systemd would make for the service and mount into its image. */
export interface DataDirectory {
  /** e.g. `StateDirectory=` */
  readonly setting: string;
  /** Where it may lie on the host, the likeliest first; empty where a specifier keeps that unknown. */
  readonly sources: readonly string[];
  readonly destination: string;
}

export interface Root {
  readonly image: string;
  readonly extensions: readonly string[];
}

export interface Mount {
  readonly source: string;
  /** May hold specifiers. */
  readonly destination: string;
}

/**
 * Settings that say nothing about what is mounted, or that must not happen a
 * second time beside the running service: programs, logs, standard streams
 * (`truncate:`), notification, restarts, sessions, and every directory that
 * systemd would make, hand over to another user or remove at the end
 * (https://github.com/systemd/systemd/issues/7090, /8093).
 */
const LEFT_OUT = new RegExp(
  `^(?:${[
    "Exec(?!Paths$|SearchPath$).*",
    "(?:State|Cache|Logs|Configuration|Runtime)Directory.*",
    "Root(?:Image|Directory|Ephemeral|MStack|DirectoryStartOnly)",
    "Extension(?:Images|Directories)",
    "(?:Restart|Watchdog|Timeout|RuntimeMax|RuntimeRandomized|StartLimit|Kill|FinalKill|SendSIG|Reload).*",
    "(?:Standard|TTY|Syslog|Log(?!sDirectory)|Utmp|FileDescriptorStore|USBFunction|Delegate).*",
    "Type|ExitType|PIDFile|BusName|Sockets|NotifyAccess|RemainAfterExit|GuessMainPID|NonBlocking",
    "SuccessExitStatus|PAMName|RemoveIPC|OpenFile|OOMPolicy|Slice|CollectMode|RefreshOnReload",
  ].join("|")})$`,
);

/** Numbers with which PID 1 ends before a program runs: none of them is a failure here, so that no monitoring wakes up. */
const SETUP_CODES = Array.from({ length: 46 }, (_, index) => 200 + index).join(" ");

/** The `[Service]` settings of a unit in their order, with what stands for its name (`%i`, `%N`, …) filled in. */
export function serviceSettings({ name, texts }: RealUnit): UnitSetting[] {
  // PID 1 ends a line at these as well: a program hidden behind one must be seen here too.
  const lines = texts.map((text) => text.replace(/\r\n|[\r\0]/g, "\n"));
  return lines
    .flatMap(parseUnitFile)
    .filter(({ section, key }) => section === "Service" && /^[A-Za-z0-9]+$/.test(key))
    .map((setting) => ({ ...setting, value: fillName(setting.value, name) }));
}

/** Whether the last word of a setting is yes. */
export function isOn(settings: readonly UnitSetting[], key: string): boolean {
  return /^(1|y|yes|t|true|on)$/i.test(lastValue(settings, key));
}

export function lastValue(settings: readonly UnitSetting[], key: string): string {
  return settings.findLast((setting) => setting.key === key)?.value ?? "";
}

/** Where systemd keeps which directory; the last word: whether `DynamicUser=` moves it below `private/`. */
const DIRECTORIES = [
  ["StateDirectory", "/var/lib", true],
  ["CacheDirectory", "/var/cache", true],
  ["LogsDirectory", "/var/log", true],
  ["ConfigurationDirectory", "/etc", false],
  ["RuntimeDirectory", "/run", false],
] as const;

/** The directories that a service declares, for mounting them without declaring them. */
export function dataDirectories(settings: readonly UnitSetting[]): DataDirectory[] {
  const isDynamic = isOn(settings, "DynamicUser");
  return DIRECTORIES.flatMap(([key, base, canBePrivate]) =>
    listSetting(settings, "Service", key).map((word) => {
      const [first = ""] = word.split(/(?<!\\):/); // what follows is a link beside it, and flags
      const name = first.replaceAll("\\:", ":");
      const plain = `${base}/${name}`;
      const hidden = `${base}/private/${name}`;
      const sources = canBePrivate ? (isDynamic ? [hidden, plain] : [plain, hidden]) : [plain];
      return { setting: `${key}=`, sources: name.includes("%") ? [] : sources, destination: plain };
    }),
  );
}

/** Absolute paths of the programs and of the working directory, which have to be in the image. */
export function neededPaths(settings: readonly UnitSetting[]): {
  programs: string[];
  workingDirectory: string | null;
} {
  const starts = settings.filter(({ key }) => key === "ExecStart").map(({ value }) => value);
  const lastReset = starts.lastIndexOf("");
  const programs = starts.slice(lastReset + 1).flatMap((value) => {
    const [, marks = "", program = ""] = /^([-@:+!|]*)(\S*)/.exec(value) ?? [];
    const isPlain = /^\/[\w./+@-]+$/.test(program);
    return isPlain && !/[-+]/.test(marks) ? [program] : [];
  });
  const directory = lastValue(settings, "WorkingDirectory");
  return {
    programs: [...new Set(programs)],
    workingDirectory: /^\/[\w./+@-]+$/.test(directory) ? directory : null,
  };
}

/**
 * The unit file of a rehearsal: the real settings that decide what is mounted
 * and how it is sealed off, then ours, which nothing can undo since they come
 * last. The program does not exist, so nothing of the image ever runs.
 */
export function rehearsalText(
  description: string,
  settings: readonly UnitSetting[],
  root: Root,
  mounts: readonly Mount[],
): string {
  const kept = settings.filter(({ key }) => !LEFT_OUT.test(key));
  const { programs, workingDirectory } = neededPaths(settings);
  // A path that may hold programs anyway: PID 1 looks for it early and names it when it is missing (as a path to be
  // read only, it would be skipped inside a tree that is). A working directory of its own would be looked for too late.
  const needed = [...programs, ...(workingDirectory ? [workingDirectory] : [])];
  return [
    "[Unit]",
    `Description=${literally(description)}`,
    "CollectMode=inactive-or-failed",
    "StartLimitIntervalSec=0",
    "[Service]",
    ...kept.map(({ key, value }) => `${key}=${closed(value)}`),
    "WorkingDirectory=",
    `RootImage=${literally(root.image)}`,
    ...root.extensions.map((path) => `ExtensionImages=${quoted(literally(path))}`),
    ...mounts.map(
      ({ source, destination }) => `BindPaths=${quoted(literally(source))}:${quoted(destination)}`,
    ),
    ...needed.map((path) => `ExecPaths=${quoted(path)}`),
    "Type=exec",
    "ExecStart=/attache-rehearsal-nothing",
    "TimeoutStartSec=10",
    "TimeoutStopSec=5",
    "Restart=no",
    `SuccessExitStatus=${SETUP_CODES}`,
    "LogLevelMax=err",
    "",
  ].join("\n");
}

/** A value that ends in an open backslash would swallow the line after it. */
function closed(value: string): string {
  const [open = ""] = /\\*$/.exec(value) ?? [];
  return open.length % 2 === 1 ? value.slice(0, -1) : value;
}

/** One word, or one side of a colon, of a list. */
function quoted(path: string): string {
  return `"${path.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

function literally(path: string): string {
  return path.replaceAll("%", "%%");
}

/** What systemd.unit(5) derives from a unit's name, which in the rehearsal has another one. */
function fillName(value: string, unit: string): string {
  const whole = unit.slice(0, unit.lastIndexOf("."));
  const at = whole.indexOf("@");
  const prefix = at < 0 ? whole : whole.slice(0, at);
  const instance = at < 0 ? "" : whole.slice(at + 1);
  const last = prefix.slice(prefix.lastIndexOf("-") + 1);
  const names: Readonly<Record<string, string>> = {
    n: unit,
    N: whole,
    p: prefix,
    P: unescaped(prefix),
    i: instance,
    I: unescaped(instance),
    j: last,
    J: unescaped(last),
    f: `/${unescaped(instance === "" ? prefix : instance)}`,
  };
  return value.replace(/%(.)/g, (found, letter: string) => {
    const name = Object.hasOwn(names, letter) ? names[letter] : undefined;
    return name === undefined ? found : name.replaceAll("\\", "\\\\");
  });
}

/** systemd-escape(1) backwards. */
function unescaped(name: string): string {
  return name
    .replaceAll("-", "/")
    .replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** Whether a name can be filled in as plain text; others would need more than one kind of quoting. */
export function isPlainName(unit: string): boolean {
  return /^[A-Za-z0-9:_.@-]+\.service$/.test(unit);
}
