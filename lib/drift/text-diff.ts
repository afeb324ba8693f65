/** Lines around a change that are shown with it. */
const CONTEXT = 2;
/** Longer texts are compared only from their first to their last line that differs. */
const MOST_CELLS = 250_000;
const MOST_CHARACTERS = 6000;

/**
 * The lines that differ, each after `-` or `+`, with some that do not (after a
 * space) around them and `…` where more of those were left out; "" for equal
 * texts. Cut where it becomes too long to read.
 */
export function textDiff(before: string, after: string): string {
  const lines = compareLines(linesOf(before), linesOf(after));
  const isNear = lines.map((_, index) =>
    lines.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some((line) => line[0] !== " "),
  );
  const shown = lines.flatMap((line, index) => {
    if (isNear[index]) return [line];
    return index > 0 && isNear[index - 1] && isNear.indexOf(true, index) > 0 ? ["…"] : [];
  });
  const text = shown.join("\n");
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS)}\n…`;
}

function linesOf(text: string): string[] {
  if (text === "") return [];
  return text.replace(/\n$/, "").split("\n");
}

/** Longest common subsequence, after what is equal at both ends was set aside. */
function compareLines(before: readonly string[], after: readonly string[]): string[] {
  let start = 0;
  while (start < Math.min(before.length, after.length) && before[start] === after[start]) start++;
  let end = 0;
  while (
    end < Math.min(before.length, after.length) - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  )
    end++;
  const [left, right] = [before.slice(start, before.length - end), after.slice(start, after.length - end)];
  const same = (lines: readonly string[]) => lines.map((line) => ` ${line}`);
  const middle =
    left.length * right.length > MOST_CELLS
      ? [...left.map((line) => `-${line}`), ...right.map((line) => `+${line}`)]
      : commonLines(left, right);
  return [...same(before.slice(0, start)), ...middle, ...same(before.slice(before.length - end))];
}

function commonLines(left: readonly string[], right: readonly string[]): string[] {
  const width = right.length + 1;
  const lengths = new Uint32Array((left.length + 1) * width);
  const at = (i: number, j: number) => lengths[i * width + j] ?? 0;
  for (let i = left.length - 1; i >= 0; i--)
    for (let j = right.length - 1; j >= 0; j--)
      lengths[i * width + j] =
        left[i] === right[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    if (i < left.length && j < right.length && left[i] === right[j]) {
      lines.push(` ${left[i]}`);
      i++;
      j++;
    } else if (j === right.length || (i < left.length && at(i + 1, j) >= at(i, j + 1)))
      lines.push(`-${left[i++]}`);
    else lines.push(`+${right[j++]}`);
  }
  return lines;
}
