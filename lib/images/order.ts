import { basename } from "node:path";
import type { ImageVersion } from "@/lib/images/types";
import { compareVersions } from "@/lib/images/version";

/** Sorts versions of one service: newest first; where the version order knows no difference, by file name and then path. */
export function compareNewestFirst(
  a: Pick<ImageVersion, "label" | "path">,
  b: Pick<ImageVersion, "label" | "path">,
): number {
  return (
    compareVersions(b.label, a.label) ||
    compare(basename(b.path), basename(a.path)) ||
    compare(a.path, b.path)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
