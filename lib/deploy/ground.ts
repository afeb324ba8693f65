import path from "node:path";
import type { Host } from "@/lib/deploy/host";
import type { Ground } from "@/lib/deploy/plan";
import { shareLooks } from "@/lib/deploy/share";
import type { DeploymentSummary } from "@/lib/deploy/types";
import { parseImageName } from "@/lib/images/name";
import { scanImages } from "@/lib/images/scan";
import { readAttachments } from "@/lib/services/attached";
import { joinReading } from "@/lib/services/reading";
import type { Attachment } from "@/lib/services/types";

/** What the engine sees of one service right now, read from the host and not from any model. */
export interface HostGround extends Ground {
  /** Every other attached image, for collisions and collateral damage. */
  readonly others: readonly Attachment[];
}

/** Reads the files of the host for one service. Shapes: see `Ground`. Throws what the file system throws. */
export async function readGround(
  host: Host,
  service: string,
  running: DeploymentSummary | null,
): Promise<HostGround> {
  const { services, attachments } = await readHost(host);
  const files = services.get(service);
  const attachment = files?.attachments[0] ?? null;
  return {
    name: service,
    attachment,
    currentLabel: attachment ? labelOf(attachment.path) : null,
    versions: (files?.versions ?? []).map((version) => ({ ...version, inspection: host.inspected(version) })),
    layers: files?.layers ?? [],
    findings: files?.findings ?? [],
    running,
    marks: host.orders.marksOf(service),
    freeze: host.orders.freezeOf(service),
    others: attachments.filter((one) => one !== attachment),
  };
}

/** The deployments of a batch are planned at the same time, and may share what they see. */
const readers = new WeakMap<Host, () => ReturnType<typeof lookAtHost>>();

function readHost(host: Host): ReturnType<typeof lookAtHost> {
  const read = readers.get(host) ?? shareLooks(() => lookAtHost(host));
  readers.set(host, read);
  return read();
}

async function lookAtHost(host: Host) {
  const [attached, scan] = await Promise.all([
    readAttachments(host.paths),
    scanImages({ roots: host.imageRoots, portables: host.paths.portables }),
  ]);
  const { services } = await joinReading(scan, { ...attached, enabled: new Set(), watch: [] });
  return { services, attachments: attached.attachments };
}

/** The attachment of one service, as portabled's files say now. */
export async function readAttachment(host: Host, service: string): Promise<Attachment | null> {
  const { attachments } = await readAttachments(host.paths);
  return attachments.find((one) => one.service === service) ?? null;
}

/** The version that a path stands for. */
export function labelOf(file: string): string {
  return parseImageName(path.basename(file))?.label ?? path.basename(file);
}
