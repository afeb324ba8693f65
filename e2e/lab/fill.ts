import { chmodSync, copyFileSync, lstatSync, mkdirSync, statSync, utimesSync } from "node:fs";
import { basename, join } from "node:path";
import type { Box } from "./box";
import { buildDemoImages } from "./demo-images";

/** How each service of the demo is attached, as an admin would type it. */
const ATTACHED: readonly (readonly string[])[] = [
  ["portablectl", "attach", "--now", "--enable", "/srv/startpage/startpage_1.2.0.raw"],
  ["portablectl", "attach", "--now", "--enable", "/srv/fragile/fragile_1.0.0.raw"],
  ["portablectl", "attach", "--now", "--enable", "/srv/guestbook/guestbook_2.0.0.raw"],
  ["portablectl", "attach", "--enable", "/srv/clock/clock_1.0.0.raw"],
  ["systemctl", "start", "clock.socket"],
  ["portablectl", "attach", "--runtime", "/srv/backup/backup_0.9.0.raw"],
  ["systemctl", "start", "backup.timer"],
  ["portablectl", "attach", "--now", "--enable", "/var/lib/portables/weather_3.2.0.raw"],
  ["portablectl", "attach", "--now", "--enable", "--profile=trusted", "/srv/metrics/metrics_0.9.0.raw"],
  [
    "portablectl",
    "attach",
    "--now",
    "--enable",
    "--extension=/opt/gallery/themes_1.raw",
    "/srv/gallery/gallery_4.0.0.raw",
  ],
];

/** Puts the demo's images on the host and attaches them, in their own words: `portablectl attach`. */
export async function fillBox(box: Box): Promise<void> {
  for (const { image, at } of await buildDemoImages()) placeImage(box, image, at);

  // The owner of the guest book's entries is there before and after the service.
  await box.mustExec(["systemd-sysusers", "-"], { input: 'u guestbook - "Guest book" /data/guestbook\n' });
  await box.mustExec([
    "install",
    "-d",
    "-o",
    "guestbook",
    "-g",
    "guestbook",
    "-m",
    "0750",
    "/data/guestbook",
  ]);

  for (const argv of ATTACHED) await box.mustExec(argv);
  await box.mustExec(["systemctl", "daemon-reload"]); // portablectl reloads before it enables, and not again
}

/** Copies an image into a directory of the guest, with mode and time; answers its path there. */
export function placeImage(box: Box, image: string, directory: string, name = basename(image)): string {
  const { mode, mtime } = statSync(image);
  const target = join(box.rootPath(directory), name);
  mkdirSync(box.rootPath(directory), { recursive: true });
  copyFileSync(image, target);
  chmodSync(target, mode & 0o777);
  utimesSync(target, mtime, mtime);
  return join(directory, lstatSync(target).isFile() ? name : "");
}
