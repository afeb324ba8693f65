import { describe, expect, it } from "vitest";
import { parseOsRelease, portablePrefixes } from "@/lib/images/os-release";

describe("os-release", () => {
  it.each([
    ["a bare value", "ID=demo", { ID: "demo" }],
    ["single quotes are literal", "NAME='a $b \\\\c'", { NAME: "a $b \\\\c" }],
    ["double quotes unescape four characters", 'NAME="a \\"b\\" \\$c \\n"', { NAME: 'a "b" $c \\n' }],
    ["comments and blank lines", "# ID=no\n\n  \nID=yes\r\n", { ID: "yes" }],
    ["the last one wins", "ID=a\nID=b", { ID: "b" }],
    ["an empty value", "ID=", { ID: "" }],
    ["an equals sign in the value", "URL=https://example.org/?a=b", { URL: "https://example.org/?a=b" }],
    ["lines that are none", "what\n=x\n1A=x\nID=ok", { ID: "ok" }],
    ["a lone quote", 'ID="open', { ID: '"open' }],
  ])("%s", (_, text, expected) => {
    expect(parseOsRelease(text)).toEqual(expected);
  });

  it("keeps a hostile key a mere key", () => {
    const parsed = parseOsRelease("__proto__=x\nID=y");
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype);
    expect(parsed.ID).toBe("y");
  });

  it("lists prefixes", () => {
    expect(portablePrefixes(parseOsRelease('PORTABLE_PREFIXES=" a  b\tc "'))).toEqual(["a", "b", "c"]);
    expect(portablePrefixes({})).toEqual([]);
  });
});
