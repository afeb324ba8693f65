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
