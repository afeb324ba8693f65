import type { Host } from "@/lib/deploy/host";
import type { VersionRef } from "@/lib/deploy/types";
import { inspectLayered } from "@/lib/images/inspect-layered";
import type { ImageVersion, Inspection } from "@/lib/images/types";
import type { Attachment } from "@/lib/services/types";
import type { Layering } from "@/lib/systemd/types";

/** Opens an image as it is to be attached: with its extensions, if it has any. Throws what `Host.inspect` throws. */
export function openImages(host: Host, version: ImageVersion, layering: Layering): Promise<Inspection> {
  return layering.extensions.length === 0
    ? host.inspect(version)
    : inspectLayered(host.systemd, version, layering);
}

/** What lies on an attached image. */
export function layeringOf(attachment: Pick<Attachment, "extensions" | "isRelaxed">): Layering {
  return { extensions: attachment.extensions, isRelaxed: attachment.isRelaxed ?? false };
}

/** What is to lie on a planned image; names of release files stay as free as they were. */
export function plannedLayering(to: VersionRef | null, attachment: Attachment | null): Layering {
  const extensions = (to?.layers ?? []).map(({ path }) => path);
  return { extensions, isRelaxed: extensions.length > 0 && (attachment?.isRelaxed ?? false) };
}
