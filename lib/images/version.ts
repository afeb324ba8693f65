/**
 * Orders two version strings as systemd does (UAPI.10 version format
 * specification, `strverscmp_improved`): negative when `a` is older, positive
 * when it is newer, 0 when neither is. Different strings may be equal ("1.0"
 * and "1.00"), so a sorted list needs a second key.
 *
 * https://uapi-group.org/specifications/specs/version_format_specification/
 */
export function compareVersions(a: string, b: string): number {
  let left = a;
  let right = b;

  for (;;) {
    left = skipSeparators(left);
    right = skipSeparators(right);

    // "~" marks what comes before the version proper, so it beats even the end of the string.
    const tilde = mark("~");
    if (tilde !== 0) return tilde;

    if (left === "" || right === "") return left === right ? 0 : left === "" ? -1 : 1;

    for (const character of ["-", "^", "."]) {
      const order = mark(character);
      if (order !== 0) return order;
    }

    const isNumeric = /^[0-9]/.test(left) || /^[0-9]/.test(right);
    const a1 = leading(left, isNumeric);
    const b1 = leading(right, isNumeric);
    const order = isNumeric ? compareNumbers(a1, b1) : compareText(a1, b1);
    if (order !== 0) return order;
    left = left.slice(a1.length);
    right = right.slice(b1.length);
  }

  /** The side that starts with `character` is the older one; where both do, it is dropped from both. */
  function mark(character: string): number {
    const inLeft = left.startsWith(character);
    const inRight = right.startsWith(character);
    if (!inLeft && !inRight) return 0;
    if (inLeft !== inRight) return inLeft ? -1 : 1;
    left = left.slice(1);
    right = right.slice(1);
    return 0;
  }
}

/**
 * Whether a version calls itself unfinished: a `~` segment, which the order
 * knows, or a spelled "-rc1", ".beta", "1.0alpha2", which the order takes for
 * something *newer* than the release.
 */
export function isPreRelease(label: string): boolean {
  return (
    label.includes("~") ||
    /(?:^|[-._^+0-9])(?:rc|alpha|beta|pre|preview|dev|snapshot|nightly)(?![a-z])/i.test(label)
  );
}

function skipSeparators(text: string): string {
  return text.replace(/^[^0-9A-Za-z~\-^.]+/, "");
}

function leading(text: string, numeric: boolean): string {
  return (numeric ? /^[0-9]*/ : /^[A-Za-z]*/).exec(text)?.[0] ?? "";
}

/** Runs of digits of any length, without the limits of a number type; no digits at all is older than any. */
function compareNumbers(a: string, b: string): number {
  if (a === "" || b === "") return a === b ? 0 : a === "" ? -1 : 1;
  const left = a.replace(/^0+/, "");
  const right = b.replace(/^0+/, "");
  return left.length !== right.length ? left.length - right.length : compareText(left, right);
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
