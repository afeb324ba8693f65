import {
  copyFileSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Box } from "../lab/box";
import { buildImage, type ImageSpec } from "../lab/image";

export const SERVICES = 500;
export const VERSIONS = 20;
/** The version that is attached: some are newer, some are older. */
const ATTACHED = 12;

const ATTACHED_DIR = "/etc/systemd/system.attached";
const MODEL = "service-000";

/** The name of the n-th, from 0. */
export const nameOf = (n: number) => `service-${String(n).padStart(3, "0")}`;
const fileOf = (name: string, version: number) => `${name}_1.${version}.0.raw`;

/**
 * Puts 500 services with 20 images each on a host and attaches one of each: the
 * first by portablectl, the others by writing what it wrote for the first, with
 * their own names in it.
 */
export async function fillWithMany(box: Box): Promise<void> {
  for (let n = 0; n < SERVICES; n++) {
    const name = nameOf(n);
    const image = await buildImage(tiny(name));
    const directory = box.rootPath(`/srv/${name}`);
    mkdirSync(directory, { recursive: true });
    for (let version = 1; version <= VERSIONS; version++) {
      const file = join(directory, fileOf(name, version));
      copyFileSync(image, file);
      utimesSync(file, 1, 1);
    }
  }
  await box.mustExec(["portablectl", "attach", "--enable", `/srv/${MODEL}/${fileOf(MODEL, ATTACHED)}`]);
  for (let n = 1; n < SERVICES; n++) writeAttached(box, nameOf(n));
  await box.mustExec(["systemctl", "daemon-reload"]);
}

/** An image with nothing but its program: opened and rehearsed, it is as good as any other; it only cannot run. */
function tiny(name: string): ImageSpec {
  const unit = `[Unit]\nDescription=One of many\n[Service]\nExecStart=/usr/lib/one-of-many\n[Install]\nWantedBy=multi-user.target\n`;
  return {
    service: name,
    version: "1",
    units: { [`${name}.service`]: unit },
    programs: { "/usr/lib/one-of-many": "" },
    without: ["/usr/bin", "/bin"],
  };
}

function writeAttached(box: Box, name: string): void {
  const at = (path: string) => box.rootPath(path);
  const own = (text: string) => text.replaceAll(MODEL, name);
  const unit = `${ATTACHED_DIR}/${MODEL}.service`;
  cpSync(at(unit), at(own(unit)));
  mkdirSync(at(own(`${unit}.d`)));
  const marker = `${unit}.d/20-portable.conf`;
  writeFileSync(at(own(marker)), own(readFileSync(at(marker), "utf8")), {
    mode: lstatSync(at(marker)).mode & 0o777,
  });
  for (const link of [
    `${unit}.d/10-profile.conf`,
    `${ATTACHED_DIR}/multi-user.target.wants/${MODEL}.service`,
    `/etc/portables/${fileOf(MODEL, ATTACHED)}`,
  ])
    symlinkSync(own(readlinkSync(at(link))), at(own(link)));
}
