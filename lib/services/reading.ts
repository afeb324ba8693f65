import { basename, dirname } from "node:path";
import { PATH_SEPARATOR } from "@/lib/images/collisions";
import { readImageVersion } from "@/lib/images/image-version";
import { parseImageName } from "@/lib/images/name";
import { compareNewestFirst } from "@/lib/images/order";
import type { Scan } from "@/lib/images/scan";
import { errorCode } from "@/lib/images/system-error";
import type { Finding, ImageVersion } from "@/lib/images/types";
import { readAttachments } from "@/lib/services/attached";
import { pullDirectories, readEnabledUnits } from "@/lib/services/enabled";
import { readLayers } from "@/lib/services/layers";
import type { Attachment, Layer } from "@/lib/services/types";
import type { HostPaths } from "@/lib/systemd/types";

/** What the file system says of one service. */
export interface ServiceFiles {
  readonly name: string;
  /** Newest first. */
  readonly versions: readonly ImageVersion[];
  /** More than one is a finding. */
  readonly attachments: readonly Attachment[];
  /** Extensions of what is attached. */
  readonly layers: readonly Layer[];
  readonly findings: readonly Finding[];
}

/** Everything that the file system says. */
export interface Reading {
  readonly services: ReadonlyMap<string, ServiceFiles>;
  readonly enabled: ReadonlySet<string>;
  /** Those of no service. */
  readonly findings: readonly Finding[];
  readonly searched: readonly string[];
  /** Directories to follow. */
  readonly watch: readonly string[];
}

/** What portabled and systemctl left in /etc and /run. */
export interface Attached {
  readonly attachments: readonly Attachment[];
  readonly findings: readonly Finding[];
  readonly enabled: ReadonlySet<string>;
  readonly watch: readonly string[];
}

/** Reads what is attached and enabled. */
export async function readAttached(paths: HostPaths): Promise<Attached> {
  const [{ attachments, findings }, enabled, pulls] = await Promise.all([
    readAttachments(paths),
    readEnabledUnits(paths),
    pullDirectories(paths),
  ]);
  const { attached, unitLinks } = paths;
  const watch = [attached.persistent, attached.runtime, unitLinks.persistent, unitLinks.runtime, ...pulls];
  return { attachments, findings, enabled, watch };
}

/** Puts both together, by service; images that are attached from elsewhere than the roots are looked up on the way. */
export async function joinReading(scan: Scan, attached: Attached): Promise<Reading> {
  const services = new Map<string, Open>();
  const open = (name: string) => {
    const service = services.get(name) ?? {
      name,
      versions: [],
      attachments: [],
      layers: [],
      findings: [],
    };
    services.set(name, service);
    return service;
  };
  for (const version of scan.versions) open(version.service).versions.push(version);
  const holderOf = (name: string | undefined, path: string) => {
    const service = services.get(name ?? "");
    return service?.versions.some((version) => version.path === path) ? service : undefined;
  };
  const strangers = attached.attachments.filter(({ service, path }) => !holderOf(service, path));
  const elsewhere = await Promise.all(strangers.map(findImage));
  const findings = [
    ...scan.findings,
    ...attached.findings,
    ...elsewhere.flatMap((found) => found.finding ?? []),
  ];

  for (const { version } of elsewhere) {
    if (!version) continue;
    const { versions } = open(version.service);
    versions.push(version);
    versions.sort(compareNewestFirst);
  }
  for (const attachment of attached.attachments) open(attachment.service).attachments.push(attachment);
  const extended = attached.attachments.filter(({ extensions }) => extensions.length > 0);
  for (const { service, extensions } of extended) {
    const found = await readLayers(service, extensions, scan.versions);
    open(service).layers.push(...found.layers);
    findings.push(...found.findings);
  }
  // What is attached as a layer is no service of its own, wherever it lies.
  for (const { stem } of [...services.values()].flatMap(({ layers }) => layers))
    if (services.get(stem)?.attachments.length === 0) services.delete(stem);
  for (const service of services.values()) {
    if (service.attachments.length > 1 && !findings.some((finding) => isShared(finding, service.name))) {
      const paths = service.attachments
        .map((attachment) => [attachment.path, ...attachment.extensions].join(" + "))
        .join(PATH_SEPARATOR);
      findings.push({ code: "stem-shared", params: { service: service.name, paths } });
    }
  }

  const loose: Finding[] = [];
  for (const finding of findings) {
    const { service: name, path } = finding.params;
    const owner =
      name === undefined
        ? holderOf(parseImageName(basename(String(path)))?.service, String(path))
        : services.get(String(name));
    (owner?.findings ?? loose).push(finding);
  }
  return {
    services,
    enabled: attached.enabled,
    findings: loose,
    searched: scan.searched,
    watch: [
      ...new Set([
        ...scan.watch,
        ...attached.watch,
        ...strangers.map((attachment) => dirname(attachment.path)),
        ...extended.flatMap(({ extensions }) => extensions.map((file) => dirname(file))),
      ]),
    ],
  };
}

interface Open extends ServiceFiles {
  readonly versions: ImageVersion[];
  readonly attachments: Attachment[];
  readonly layers: Layer[];
  readonly findings: Finding[];
}

async function findImage({
  service,
  path,
}: Attachment): Promise<{ version?: ImageVersion; finding?: Finding }> {
  try {
    const version = await readImageVersion(path);
    return version ? { version } : { finding: { code: "name-not-parsed", params: { path } } };
  } catch (error) {
    const reason = errorCode(error);
    const isGone = reason === "ENOENT" || reason === "ENOTDIR";
    return {
      finding: isGone
        ? { code: "image-missing", params: { service, path } }
        : { code: "not-readable", params: { service, path, reason } },
    };
  }
}

function isShared(finding: Finding, service: string): boolean {
  return finding.code === "stem-shared" && finding.params.service === service;
}
