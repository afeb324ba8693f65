import { cleanText } from "@/components/clean-text";
import type { ImageVersion } from "@/lib/images/types";

/** "1.4 MB": decimal units, as `ls -h --si` and file managers show them. */
export function byteSize(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? "B"}`;
}

/** Permission bits as `ls -l` and `chmod` write them: "r--r--r-- (0444)". */
export function permissions(mode: number): string {
  const letters = [6, 3, 0].map((shift) => {
    const bits = (mode >> shift) & 7;
    return `${bits & 4 ? "r" : "-"}${bits & 2 ? "w" : "-"}${bits & 1 ? "x" : "-"}`;
  });
  return `${letters.join("")} (${(mode & 0o7777).toString(8).padStart(4, "0")})`;
}

/** "root:root", with numbers where the host knows no name. */
export function ownerName(owner: ImageVersion["owner"]): string {
  return cleanText(`${owner.user ?? owner.uid}:${owner.group ?? owner.gid}`);
}

/** The label of a version for people; a file name may well have none. */
export function versionName(label: string | null): string {
  if (label === null) return "none";
  return label === "" ? "(no version)" : cleanText(label);
}
