import { describe, expect, it } from "vitest";
import { actionFor, type KeyAction } from "@/components/shortcuts";

const plain = { ctrlKey: false, metaKey: false, altKey: false };

describe("actionFor", () => {
  const cases: [
    why: string,
    key: Parameters<typeof actionFor>[0],
    before: string,
    action: KeyAction | null,
  ][] = [
    ["? opens help", { ...plain, key: "?" }, "", "help"],
    ["/ searches", { ...plain, key: "/" }, "", "search"],
    ["/ with AltGr too", { key: "/", ctrlKey: true, altKey: true, metaKey: false }, "", "search"],
    ["Ctrl+K is the browser's", { ...plain, ctrlKey: true, key: "k" }, "", null],
    ["Meta+/ is the browser's", { ...plain, metaKey: true, key: "/" }, "", null],
    ["g then s", { ...plain, key: "s" }, "g", "services"],
    ["g then h", { ...plain, key: "h" }, "g", "history"],
    ["s alone", { ...plain, key: "s" }, "", null],
    ["g then j does not move", { ...plain, key: "j" }, "g", null],
    ["a name of Object.prototype", { ...plain, key: "constructor" }, "", null],
  ];
  it.each(cases)("%s", (_why, key, before, action) => {
    expect(actionFor(key, before)).toBe(action);
  });
});
