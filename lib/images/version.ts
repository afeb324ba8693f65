/**
 * Orders two version strings as systemd does (UAPI.10 version format
 * specification, `strverscmp_improved`): negative when `a` is older, positive
 * when it is newer, 0 when neither is. Different strings may be equal ("1.0"
 * and "1.00"), so a sorted list needs a second key.
 *
 * https://uapi-group.org/specifications/specs/version_format_specification/
 */
export function compareVersions(a: string, b: string): number {
  let i = 0;
  let j = 0;

  for (;;) {
    while (i < a.length && !isValid(a.charCodeAt(i))) i++;
    while (j < b.length && !isValid(b.charCodeAt(j))) j++;

    // "~" marks what comes before the version proper, so it beats even the end of the string.
    const tilde = mark(TILDE);
    if (tilde !== 0) return tilde;

    if (i >= a.length || j >= b.length) return Number(i < a.length) - Number(j < b.length);

    const order = mark(DASH) || mark(CARET) || mark(DOT);
    if (order !== 0) return order;

    const isOfRun = isDigit(a.charCodeAt(i)) || isDigit(b.charCodeAt(j)) ? isDigit : isLetter;
    const endOfA = endOfRun(a, i, isOfRun);
    const endOfB = endOfRun(b, j, isOfRun);
    const compareRuns = isOfRun === isDigit ? compareNumbers : compareText;
    const difference = compareRuns(a, i, endOfA, b, j, endOfB);
    if (difference !== 0) return difference;
    i = endOfA;
    j = endOfB;
  }

  /** The side that has `character` here is the older one; where both do, both go on behind it. */
  function mark(character: number): number {
    const inLeft = a.charCodeAt(i) === character;
    const inRight = b.charCodeAt(j) === character;
    if (inLeft && inRight) {
      i++;
      j++;
    }
    return Number(inRight) - Number(inLeft);
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

const TILDE = 0x7e;
const DASH = 0x2d;
const CARET = 0x5e;
const DOT = 0x2e;
const ZERO = 0x30;

/** Characters that mean something; all others only separate. */
function isValid(code: number): boolean {
  return isDigit(code) || isLetter(code) || code === TILDE || code === DASH || code === CARET || code === DOT;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isLetter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a);
}

function endOfRun(text: string, from: number, isOfRun: (code: number) => boolean): number {
  let end = from;
  while (end < text.length && isOfRun(text.charCodeAt(end))) end++;
  return end;
}

/** Runs of digits of any length, without the limits of a number type; no digits at all is older than any. */
function compareNumbers(a: string, from: number, endOfA: number, b: string, start: number, endOfB: number) {
  let i = from;
  let j = start;
  if (i === endOfA || j === endOfB) return Number(i < endOfA) - Number(j < endOfB);
  while (i < endOfA && a.charCodeAt(i) === ZERO) i++;
  while (j < endOfB && b.charCodeAt(j) === ZERO) j++;
  return endOfA - i - (endOfB - j) || compareText(a, i, endOfA, b, j, endOfB);
}

/** In the order of ASCII, the shorter one first where it is the beginning of the other. In place: lists are sorted by it. */
function compareText(a: string, from: number, endOfA: number, b: string, start: number, endOfB: number) {
  let i = from;
  let j = start;
  while (i < endOfA && j < endOfB && a.charCodeAt(i) === b.charCodeAt(j)) {
    i++;
    j++;
  }
  if (i === endOfA || j === endOfB) return Number(i < endOfA) - Number(j < endOfB);
  return a.charCodeAt(i) - b.charCodeAt(j);
}
