import { describe, expect, it } from "vitest";
import { cleanText } from "@/components/clean-text";

describe("cleanText", () => {
  const cases: [why: string, text: string, shown: string][] = [
    ["plain text stays", "startpage_1.3.0.raw — «é» 日本 🎉", "startpage_1.3.0.raw — «é» 日本 🎉"],
    ["a right-to-left override is shown", "evil\u202egnp.raw", "evil\\u202egnp.raw"],
    ["an isolate is shown", "a\u2066b\u2069", "a\\u2066b\\u2069"],
    ["zero width characters are shown", "a\u200bb\ufeff", "a\\u200bb\\ufeff"],
    ["tag characters are shown", "a\u{e0041}", "a\\u{e0041}"],
    ["colours of a terminal go", "\u001b[1;31mred\u001b[0m", "red"],
    ["other escapes are shown", "\u001b]0;title\u0007", "\\x1b]0;title\\x07"],
    ["C1 controls are shown", "a\u009bb", "a\\x9bb"],
    ["a line break is shown", "a\nb", "a\\x0ab"],
    ["half a surrogate pair is shown", "a\ud800", "a\\ud800"],
  ];
  it.each(cases)("%s", (_why, text, shown) => {
    expect(cleanText(text)).toBe(shown);
  });

  it("keeps lines and tabs where there may be lines", () => {
    expect(cleanText("a\n\tb\r\u202e", { lines: true })).toBe("a\n\tb\\x0d\\u202e");
  });
});
