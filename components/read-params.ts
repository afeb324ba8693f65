import { cleanText } from "@/components/clean-text";
import type { Params } from "@/lib/errors";

/** Parameters as safe text: control and bidi characters escaped, "?" for what is missing. */
export type Read = (name: string) => string;
/** What is the matter, why, and what to do now. */
export type Sentence = (p: Read) => string;

export function reader(params: Params): Read {
  return (name) => {
    const value = Object.hasOwn(params, name) ? params[name] : undefined;
    return value === undefined ? "?" : cleanText(String(value));
  };
}

/** The parameter, or "" where there is none. */
export function given(p: Read, name: string): string {
  const value = p(name);
  return value === "?" ? "" : value;
}
