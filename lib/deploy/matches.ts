import type { ImageFacts } from "@/lib/images/types";

/** Which units of an image portabled is asked for. */
export interface Choice {
  /** Unit prefixes to send; never empty. */
  readonly matches: readonly string[];
  /** The units that they take. */
  readonly units: readonly string[];
}

/**
 * The prefixes that take exactly the units that are attached now: somebody may
 * have attached only a part of an image, and the way back must not bring more.
 * Where an image declares prefixes, only those can be sent.
 */
export function choiceOf(facts: ImageFacts, service: string, attached: readonly string[]): Choice {
  const usual = facts.prefixes.length > 0 ? facts.prefixes : [service];
  if (isSameSet(taken(facts, usual), attached)) return { matches: usual, units: attached };
  const used = facts.prefixes.filter((prefix) => attached.some((unit) => isMatch(unit, prefix)));
  return { matches: used.length > 0 ? used : stemsOf(attached), units: attached };
}

/** What to take of another version: all of it, or the same part as of the attached one. */
export function choiceForSwitch(
  from: { choice: Choice; facts: ImageFacts },
  to: ImageFacts,
  service: string,
): Choice {
  const usual = to.prefixes.length > 0 ? to.prefixes : [service];
  const before = from.facts.prefixes.length > 0 ? from.facts.prefixes : [service];
  const isPart = !isSameSet(taken(from.facts, before), from.choice.units);
  const matches = isPart ? from.choice.matches : usual;
  return { matches, units: taken(to, matches) };
}

/** Of an image that was opened with its extensions every unit is known, also those that no prefix takes. */
export function taken(facts: Pick<ImageFacts, "units">, matches: readonly string[]): readonly string[] {
  return facts.units.filter((unit) => matches.some((prefix) => isMatch(unit, prefix)));
}

/** portabled's rule: the prefix, then `-`, `.`, `@` or nothing. */
export function isMatch(unit: string, prefix: string): boolean {
  return unit.startsWith(prefix) && /^([-.@]|$)/.test(unit.slice(prefix.length));
}

function stemsOf(units: readonly string[]): string[] {
  return [...new Set(units.map((unit) => unit.replace(/@?\.[a-z]+$/, "")))];
}

/** Whether two take the same by the same prefixes; the order of units says nothing. */
export function isSameChoice(a: Choice, b: Choice): boolean {
  return isSameSet(a.matches, b.matches) && isSameSet(a.units, b.units);
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one) => b.includes(one));
}
