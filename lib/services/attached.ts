import { closeSync, fstatSync, openSync, readlinkSync, readSync, realpathSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { parseImageName } from "@/lib/images/name";
import { errorCode } from "@/lib/images/system-error";
import type { Finding } from "@/lib/images/types";
import { type Marker, parseMarker } from "@/lib/services/marker";
import type { Attachment } from "@/lib/services/types";
import { isUnitName } from "@/lib/services/unit-name";
import type { HostPaths, Location } from "@/lib/systemd/types";

export { readEnabledUnits } from "@/lib/services/enabled";

/**
 * Reads which image files are attached, from portabled's own drop-ins; several
 * images of one service are several attachments. Throws nothing: a drop-in that
 * cannot be understood is a finding, a directory that is not there holds none.
 */
export async function readAttachments(
  paths: Pick<HostPaths, "attached">,
): Promise<{ attachments: Attachment[]; findings: Finding[] }> {
  const [persistent, runtime] = await Promise.all([
    readLocation(paths.attached.persistent, "persistent"),
    readLocation(paths.attached.runtime, "runtime"),
  ]);
  return {
    attachments: [...persistent.attachments, ...runtime.attachments],
    findings: [...persistent.findings, ...runtime.findings],
  };
}

async function readLocation(directory: string, location: Location) {
  const findings: Finding[] = [];
  const images = new Map<string, Open>();
  let names: string[] = [];
  try {
    names = await readdir(directory);
  } catch (error) {
    const reason = errorCode(error);
    if (reason !== "ENOENT") findings.push(notRead(directory, reason));
  }

  const present = new Set(names);
  for (const unit of names.sort()) {
    if (!isUnitName(unit)) continue;
    const dropIns = `${directory}/${unit}.d`;
    const dropIn = `${dropIns}/20-portable.conf`;
    const read = present.has(`${unit}.d`) ? readDropIn(dropIn) : { reason: "ENOENT" };
    if ("reason" in read) findings.push(notRead(dropIn, read.reason));
    else {
      const key = [read.marker.path, ...read.marker.extensions].join("\0");
      const image = images.get(key) ?? {
        marker: read.marker,
        units: [],
        profile: null,
        isRelaxed: false,
        attachedAt: 0,
      };
      image.units.push(unit);
      image.profile ??= readProfile(dropIns);
      image.isRelaxed ||= read.isRelaxed;
      image.attachedAt = Math.max(image.attachedAt, read.writtenAt);
      images.set(key, image);
    }
  }
  // Drop-ins without their unit: portabled no longer counts these as attached, PID 1 still reads them.
  for (const name of names) {
    const unit = name.endsWith(".d") ? name.slice(0, -2) : "";
    if (!isUnitName(unit) || present.has(unit)) continue;
    const dropIn = `${directory}/${name}/20-portable.conf`;
    if (!("reason" in readDropIn(dropIn))) findings.push(notRead(dropIn, "no-unit-file"));
  }

  const attachments: Attachment[] = [];
  for (const { marker, units, profile, isRelaxed, attachedAt } of images.values()) {
    // systemd 252 keeps the path as it was given, possibly one of portabled's own links; the file may also be gone.
    const path = realPath(marker.path);
    const service = parseImageName(basename(path))?.service ?? parseImageName(basename(marker.path))?.service;
    if (service === undefined) findings.push(notRead(marker.path, "name-not-parsed"));
    else
      attachments.push({
        service,
        path,
        extensions: marker.extensions.map(realPath),
        ...(isRelaxed ? { isRelaxed } : {}),
        profile,
        location,
        units,
        attachedAt,
      });
  }
  return { attachments, findings };
}

interface Open {
  readonly marker: Marker;
  readonly units: string[];
  profile: string | null;
  isRelaxed: boolean;
  attachedAt: number;
}

/** What portabled adds to `ExtensionImages=` when it was told to take any name of an extension-release file. */
const RELAXED = /^ExtensionImages=.*:x-systemd\.relax-extension-release-check/m;

/** Paths are 4 KiB at most; a marker that names extensions may be longer. */
const readBuffer = Buffer.alloc(16 * 1024);

/** Synchronous on purpose, as all of this lies in /etc and /run: 500 of them take 20 ms. */
function readDropIn(
  file: string,
): { marker: Marker; isRelaxed: boolean; writtenAt: number } | { reason: string } {
  try {
    const descriptor = openSync(file, "r");
    try {
      const length = readSync(descriptor, readBuffer, 0, readBuffer.length, 0);
      const text = readBuffer.toString("utf8", 0, length);
      const marker = parseMarker(text.split("\n", 1)[0] ?? "");
      if (!marker) return { reason: "no-marker" };
      const isRelaxed = marker.extensions.length > 0 && RELAXED.test(text);
      return { marker, isRelaxed, writtenAt: fstatSync(descriptor).mtimeMs };
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    return { reason: errorCode(error) };
  }
}

function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch (error) {
    errorCode(error);
    return path;
  }
}

/** `/usr/lib/systemd/portable/profile/NAME/service.conf` → NAME. A copied profile (copy mode "copy") has no name left. */
function readProfile(dropIns: string): string | null {
  try {
    return basename(dirname(readlinkSync(`${dropIns}/10-profile.conf`))) || null;
  } catch (error) {
    errorCode(error);
    return null;
  }
}

function notRead(path: string, reason: string): Finding {
  return { code: "attached-not-read", params: { path, reason } };
}
