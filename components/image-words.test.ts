import { describe, expect, it } from "vitest";
import { byteSize, ownerName, permissions } from "@/components/image-words";

describe("byteSize", () => {
  const cases: [bytes: number, words: string][] = [
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [1_449_984, "1.4 MB"],
    [99_600_000, "100 MB"],
    [999_600_000, "1.0 GB"],
    [5e15, "5000 TB"],
  ];
  it.each(cases)("%i bytes are %s", (bytes, words) => {
    expect(byteSize(bytes)).toBe(words);
  });
});

describe("permissions and owner", () => {
  it("show what chmod calls 444", () => expect(permissions(0o100444)).toBe("r--r--r-- (0444)"));
  it("show sticky bits as digits", () => expect(permissions(0o41777)).toBe("rwxrwxrwx (1777)"));
  it("fall back to numbers", () =>
    expect(ownerName({ uid: 1234, gid: 0, user: null, group: "root" })).toBe("1234:root"));
});
