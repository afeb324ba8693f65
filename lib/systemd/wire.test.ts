import variants from "dbus-next/lib/variant.js";
import { describe, expect, it } from "vitest";
import { decodeMessage, encodeMessage, FrameReader, TYPE } from "./wire";

const signal = (signature: string, body: readonly unknown[]) =>
  encodeMessage({ type: TYPE.signal, path: "/a", interface: "a.b", member: "C", signature, body }, 7);

describe("encode and decode", () => {
  it.each<[string, unknown[]]>([
    ["", []],
    ["s", ["ä€😀"]],
    ["sas", ["/srv/a.raw", ["a", "b"]]],
    ["sassbs", ["/srv/a.raw", [], "default", true, ""]],
    ["sasassst", ["/srv/a.raw", [], ["a"], "default", "", 3n]],
    ["t", [2n ** 64n - 1n]],
    [
      "a(sss)",
      [
        [
          ["copy", "/a", ""],
          ["write", "/b", "c"],
        ],
      ],
    ],
    ["a(sss)", [[]]],
    ["a{ss}", [{ k: "v" }]],
    ["uo", [0, "/"]],
  ])("%s", (signature, body) => {
    const message = decodeMessage(signal(signature, body));
    expect(message).toMatchObject({
      type: TYPE.signal,
      serial: 7,
      path: "/a",
      interface: "a.b",
      member: "C",
    });
    expect(message.readBody()).toEqual(body);
    expect(message.readBody(), "a second reader").toEqual(body);
  });

  it.each<[string, readonly unknown[]]>([
    ["s", []],
    ["s", [1]],
    ["as", ["a"]],
    ["y", [300]],
  ])("refuses a body that is no %s", (signature, body) => {
    expect(() => signal(signature, body)).toThrow();
  });

  it("refuses a malformed path instead of losing the connection over it", () => {
    expect(() =>
      encodeMessage({ type: TYPE.signal, path: "/a/", interface: "a.b", member: "C" }, 1),
    ).toThrow();
  });

  it("reads the header of a message whose body it does not take", () => {
    const frame = signal("u", [0]);
    frame[frame.lastIndexOf("u".charCodeAt(0))] = "h".charCodeAt(0);
    const message = decodeMessage(frame);
    expect(message.member).toBe("C");
    expect(() => message.readBody()).toThrow();
  });
});

describe("entries of a dictionary", () => {
  const { Variant } = variants;
  const all = {
    byte: new Variant("y", 7),
    small: new Variant("n", -2),
    text: new Variant("s", "ä€😀"),
    yes: new Variant("b", true),
    nothing: new Variant("as", []),
    big: new Variant("t", 2n ** 64n - 1n),
    bytes: new Variant("ay", Buffer.from("abc")),
    path: new Variant("o", "/a"),
    rows: new Variant("a(ssbt)", [["/srv/a", "/a", false, 16_384n]]),
    real: new Variant("d", 0.5),
    row: new Variant("(bas(us))", [false, ["a", "bcd"], [4, ""]]),
    type: new Variant("g", "a{sv}"),
    map: new Variant("a{sas}", { k: ["v"] }),
    inner: new Variant("v", new Variant("x", -1n)),
    none: new Variant("aa{sv}", []),
    last: new Variant("u", 9),
  };
  const message = decodeMessage(signal("a{sv}", [all]));
  const [whole] = message.readBody();

  it.each(Object.keys(all))("%s alone is what it is among all", (name) => {
    expect(message.readEntries(new Set([name]))).toEqual({ [name]: Object(whole)[name] });
  });

  it("all of them are the body, and none are nothing", () => {
    expect(message.readEntries(new Set(Object.keys(all)))).toEqual(whole);
    expect(message.readEntries(new Set(["missing"]))).toEqual({});
  });

  it("are not read of anything else", () => {
    expect(() => decodeMessage(signal("a{ss}", [{ k: "v" }])).readEntries(new Set(["k"]))).toThrow();
  });
});

describe("FrameReader", () => {
  const frames = [signal("s", ["one"]), signal("", []), signal("s", ["x".repeat(5000)])];
  const stream = Buffer.concat(frames);

  it.each([1, 3, 15, 16, 17, 100, stream.length])("cuts a stream that arrives %i bytes at a time", (step) => {
    const reader = new FrameReader();
    const seen: Buffer[] = [];
    for (let at = 0; at < stream.length; at += step)
      seen.push(...reader.push(stream.subarray(at, at + step)));
    expect(seen.map((frame) => frame.toString("hex"))).toEqual(frames.map((frame) => frame.toString("hex")));
  });

  it("refuses a message larger than the protocol allows", () => {
    const frame = signal("", []);
    frame.writeUInt32LE(0x7fff_ffff, 4);
    expect(() => new FrameReader().push(frame)).toThrow();
  });
});
