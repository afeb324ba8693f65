/** What the file name of an image says. `tries` is boot counting as in UAPI.10 `.v` directories. */
export interface ImageName {
  readonly service: string;
  readonly label: string;
  readonly arch?: string;
  readonly tries?: { readonly left: number; readonly done: number };
}

/** Names of systemd.unit(5) ConditionArchitecture=: a last `_part` is an architecture only when it is one of these. */
const ARCHITECTURES: ReadonlySet<string> = new Set([
  "alpha",
  "arc",
  "arc-be",
  "arm",
  "arm-be",
  "arm64",
  "arm64-be",
  "cris",
  "ia64",
  "loongarch64",
  "m68k",
  "mips",
  "mips-le",
  "mips64",
  "mips64-le",
  "nios2",
  "parisc",
  "parisc64",
  "ppc",
  "ppc-le",
  "ppc64",
  "ppc64-le",
  "riscv32",
  "riscv64",
  "s390",
  "s390x",
  "sh",
  "sh64",
  "sparc",
  "sparc64",
  "tilegx",
  "x86",
  "x86-64",
]);

/** Longest label that can be asked for by name; a file name may be longer. */
const LONGEST = 128;

/**
 * Splits the name of an image file or directory as portabled does: what comes
 * before the first `_` or `+` is all that it compares, so that is the service;
 * the rest, without `.raw`, architecture and tries, is the version.
 *
 * `null` when the name cannot be a portable service's: portablectl takes only
 * letters, digits, `-` and `.` for a unit prefix.
 */
export function parseImageName(fileName: string): ImageName | null {
  const stem = fileName.replace(/(?:\.sysext|\.confext)?\.raw$/, "");
  const cut = stem.search(/[_+]/);
  const service = cut < 0 ? stem : stem.slice(0, cut);
  if (!/^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(service) || service.length > LONGEST) return null;

  let label = cut < 0 ? "" : stem.slice(cut);
  const counted = /\+([0-9]{1,9})(?:-([0-9]{1,9}))?$/.exec(label);
  // "+3" is a counter in `.v` directories and build metadata elsewhere; only what follows a version is taken for a counter.
  if (counted?.index !== undefined) label = label.slice(0, counted.index);
  label = label.slice(1);
  const last = label.lastIndexOf("_");
  const arch = last > 0 && ARCHITECTURES.has(label.slice(last + 1)) ? label.slice(last + 1) : undefined;
  if (arch !== undefined) label = label.slice(0, last);
  if (label.length > LONGEST || !isShowable(label)) return null;

  return {
    service,
    label,
    ...(arch === undefined ? {} : { arch }),
    ...(counted ? { tries: { left: Number(counted[1]), done: Number(counted[2] ?? 0) } } : {}),
  };
}

/** Control characters and bytes that are no UTF-8 can neither be shown nor asked for safely. */
function isShowable(label: string): boolean {
  return /^[\x20-\x7e]*$/.test(label) || !/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029\ufffd]/u.test(label);
}
