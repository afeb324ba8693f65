import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import type { VersionRef } from "@/lib/deploy/types";

/**
 * sha256 (hex) of an image file, `null` when it is gone, not a plain file, or
 * no longer the one that was deployed (by size and mtime). Reads in small
 * pieces, so that the engine answers meanwhile.
 */
export async function digestOf(version: VersionRef): Promise<string | null> {
  const file = await stat(version.path).catch(() => null);
  if (!file?.isFile() || file.size !== version.size || file.mtimeMs !== version.mtimeMs) return null;
  const hash = createHash("sha256");
  await pipeline(createReadStream(version.path), hash);
  return hash.digest("hex");
}
