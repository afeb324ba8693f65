import type { Message } from "@/lib/errors";
import type { FileStamp } from "@/lib/images/types";
import type { Attachment } from "@/lib/services/types";

export const DIFFERENCES = [
  "attached-outside", //   { version, path }
  "detached-outside", //   { version, path }
  "switched-outside", //   { from, to, path }
  "profile-changed", //    { from, to }   "" = none
  "location-changed", //   { from, to }
  "extensions-changed", // { from, to }   paths, ", " between them; "" = none
  "unit-edited", //        { file, diff } `file` below the directory of attached units; `diff` "" where texts are not known
  "unit-removed", //       { file }
  "file-added", //         { file, diff }
  "image-replaced", //     { path }       the same path, another file or other bytes
  "image-gone", //         { path }
  "image-moved", //        { path, to }
] as const;
export type DifferenceCode = (typeof DIFFERENCES)[number];

/** One thing that is not as it was deployed. Texts in it come from files of others: hostile. */
export interface Difference extends Message {
  readonly code: DifferenceCode;
}

/** How a service was deployed. */
export interface DeployedState extends Omit<Attachment, "service"> {
  /** `null` when the image is gone. */
  readonly image: ImageState | null;
  /** With which boot an attachment below /run ends; left out = it outlives every one. */
  readonly boot?: string;
}

/** The attached image of a service with all that tells whether somebody changed it. */
export interface AttachedState extends DeployedState {
  /** By path below the directory of attached units, e.g. `web.service.d/20-portable.conf`. */
  readonly files: Readonly<Record<string, AttachedFile>>;
}

export interface ImageState {
  readonly stamp: FileStamp;
  readonly isDirectory: boolean;
}

export interface AttachedFile {
  readonly digest: string;
  /** `null` when it is too long to keep. */
  readonly text: string | null;
}

/** What is known of a service; `null` stands for detached. */
export interface Known {
  /** What was deployed or adopted last. */
  readonly deployed: DeployedState | null;
  /** As portabled wrote it last, by whomever: an edit shows against this. */
  readonly seen: AttachedState | null;
}

/** What the page of a service shows of a difference. */
export interface Drift {
  /** When it was first seen to be just so, ms since 1970: another difference has another time. */
  readonly at: number;
  readonly differences: readonly Difference[];
  /** What it differs from; `null` = it was detached. */
  readonly deployed: DeployedState | null;
}
