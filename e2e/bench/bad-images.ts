import type { Box } from "../lab/box";
import { fragile, idle, startpage } from "../lab/demo-images";
import { placeImage } from "../lab/fill";
import { buildImage, buildTree, type ImageSpec } from "../lab/image";

/** Versions of `fragile` and `startpage` that the programs in `guest` know by number: see there for what is wrong with each. */
export async function placeBadImages(box: Box): Promise<void> {
  const good = fragile("1.0.0");
  const files: readonly ImageSpec[] = [
    altered("fragile", "2.0.0", "ExecStart=/usr/bin/busybox false"),
    { ...good, version: "2.2.0" },
    {
      ...good,
      version: "2.3.0",
      units: { ...good.units, "fragile-more.service": "[Service]\nExecStart=/usr/bin/busybox true\n" },
    },
    altered("startpage", "2.0.0", "Restart=always\nExecStart=/usr/bin/busybox false"),
    altered("startpage", "2.1.0", "Restart=always\nExecStart=/usr/bin/busybox sh -c 'sleep 0.3; exit 1'"),
  ];
  for (const spec of files) placeImage(box, await buildImage(spec), `/srv/${spec.service}`);
  // A directory is not rehearsed: systemd would add missing mount points to it.
  const unmountable = altered("fragile", "2.1.0", `BindPaths=/srv/none:/data\n${TAIL}`);
  buildTree(unmountable, box.rootPath("/srv/fragile/fragile_2.1.0"));
}

const TAIL = "ExecStart=/usr/bin/busybox tail -f /dev/null";

/** A version of a service that runs something else. */
function altered(service: "fragile" | "startpage", version: string, settings: string): ImageSpec {
  const spec = service === "fragile" ? fragile("1.0.0") : startpage("1.2.0");
  const unit = `${service}.service`;
  const text = (spec.units[unit] ?? "").replace(/^ExecStart=.*$/m, settings);
  return { ...spec, version, units: { [unit]: text } };
}

/** Attaches services that do nothing but run, with a second version each to go to. */
export async function placeIdleServices(box: Box, names: readonly string[]): Promise<void> {
  for (const name of names) {
    for (const version of ["1.0.0", "1.1.0"])
      placeImage(box, await buildImage(idle(name, version, "Idle")), `/srv/${name}`);
    await box.mustExec(["portablectl", "attach", "--now", "--enable", `/srv/${name}/${name}_1.0.0.raw`]);
  }
  await box.mustExec(["systemctl", "daemon-reload"]);
}
