import { parseUnitFile, splitWords } from "@/lib/images/unit-file";
import type { BindPathRow } from "@/lib/services/types";
import type { BindPath, ServiceStatus, UnitStatus } from "@/lib/systemd/types";

/** A unit file or drop-in that was read. */
export interface UnitText {
  readonly path: string;
  readonly text: string;
}

/**
 * Lists what a unit can reach on the host: the paths PID 1 really uses, each
 * with the file that sets it, then the directories that `StateDirectory=` and
 * its kin bring along. `files` are the unit's fragment and drop-ins, in the
 * order in which PID 1 reads them. Nothing is asked of the file system.
 */
export function explainBindPaths(status: UnitStatus, files: readonly UnitText[]): BindPathRow[] {
  const { service, name: unit } = status;
  if (!service) return [];
  const settings = files.flatMap((file) => readSettings(file)).reduce<Setting[]>(applySetting, []);
  const paths = service.bindPaths.map((bindPath): BindPathRow => {
    const setting = settings.findLast((one) => isSame(one, bindPath));
    const setBy = setting ? placeOf(setting.file, status) : "unknown";
    return { ...bindPath, setBy, file: setting?.file ?? "", unit, exists: null };
  });
  return [...paths, ...impliedDirectories(unit, service)];
}

interface Setting extends BindPath {
  readonly file: string;
}
type Reset = { readonly file: string; readonly source: null };

/** Options after the second colon other than these do not exist (systemd.exec(5)). */
const NOT_RECURSIVE = "norbind";

function readSettings({ path: file, text }: UnitText): (Setting | Reset)[] {
  const found: (Setting | Reset)[] = [];
  for (const { section, key, value } of parseUnitFile(text)) {
    if (section !== "Service" || (key !== "BindPaths" && key !== "BindReadOnlyPaths")) continue;
    if (value === "") found.push({ file, source: null });
    for (const word of splitWords(value)) found.push({ ...readBindPath(word, key === "BindPaths"), file });
  }
  return found;
}

/** `[-]source[:destination[:options]]`, with `\:` for a colon inside a path. */
function readBindPath(word: string, writable: boolean): BindPath {
  const optional = word.startsWith("-");
  const parts = (optional ? word.slice(1) : word)
    .split(/(?<!\\):/)
    .map((part) => part.replaceAll("\\:", ":"));
  const [source = "", destination = source, options = ""] = parts;
  return {
    source,
    destination: destination || source,
    writable,
    optional,
    recursive: options !== NOT_RECURSIVE,
  };
}

/** Both directives feed one list in PID 1, and an empty assignment of either empties it. */
function applySetting(settings: Setting[], next: Setting | Reset): Setting[] {
  return next.source === null ? [] : [...settings, next];
}

function isSame(setting: BindPath, effective: BindPath): boolean {
  return (
    setting.writable === effective.writable &&
    matchesSpecifiers(setting.source, effective.source) &&
    matchesSpecifiers(setting.destination, effective.destination)
  );
}

/**
 * `%S/x` may have become anything that ends in `/x`; PID 1 also drops double
 * and trailing slashes. Piece by piece and not by a pattern: the text comes
 * from an image, and a pattern with many wildcards can be made to take for ever.
 */
function matchesSpecifiers(written: string, effective: string): boolean {
  const pieces = written
    .replace(/\/+/g, "/")
    .replace(/(?<=.)\/$/, "")
    .split(/%[^%]/)
    .map((piece) => piece.replaceAll("%%", "%"));
  const first = pieces.shift() ?? "";
  const last = pieces.pop();
  if (last === undefined) return first === effective;
  if (!effective.startsWith(first) || !effective.endsWith(last)) return false;
  let at = first.length;
  for (const piece of pieces) {
    const found = effective.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return at <= effective.length - last.length;
}

function placeOf(file: string, status: UnitStatus): BindPathRow["setBy"] {
  const isPortabled = /\/system\.attached\/[^/]+(?:\.d\/[^/]+)?$/.test(file);
  if (file === status.fragmentPath) return isPortabled ? "image" : "host";
  return isPortabled && file.endsWith(".d/10-profile.conf") ? "profile" : "host";
}

/** What a directive creates below which directory; the last word: whether DynamicUser= keeps it in `private/`. */
const DIRECTORIES = [
  ["StateDirectory=", "stateDirectories", "/var/lib", true],
  ["CacheDirectory=", "cacheDirectories", "/var/cache", true],
  ["LogsDirectory=", "logsDirectories", "/var/log", true],
  ["ConfigurationDirectory=", "configurationDirectories", "/etc", false],
  ["RuntimeDirectory=", "runtimeDirectories", "/run", false],
] as const;

function impliedDirectories(unit: string, service: ServiceStatus): BindPathRow[] {
  return DIRECTORIES.flatMap(([directive, field, base, isPrivate]) =>
    service[field].map((name): BindPathRow => {
      const source = isPrivate && service.dynamicUser ? `${base}/private/${name}` : `${base}/${name}`;
      const destination = `${base}/${name}`;
      const kind = { writable: true, optional: false, recursive: true } as const;
      return { source, destination, ...kind, setBy: "directory", file: directive, unit, exists: null };
    }),
  );
}
