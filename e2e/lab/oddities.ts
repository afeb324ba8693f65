import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Box } from "./box";
import { idle } from "./demo-images";
import { placeImage } from "./fill";
import { buildImage, buildTree } from "./image";

/**
 * Puts what an image directory can hold by accident or malice on the host, all
 * below /srv/odd: none of it may break the list, all of it deserves a sentence.
 */
export async function addOddities(box: Box): Promise<void> {
  const plain = await buildImage(idle("plain", "1.0.0", "Plain"));
  const place = (name: string, directory = "/srv/odd") => placeImage(box, plain, directory, name);

  // Names that do not parse, or hurt when they are shown unescaped.
  for (const name of [
    "_1.0.0.raw",
    "noversion.raw",
    "line\nbreak_1.0.0.raw",
    "<b>bold_1.0.0.raw",
    "..._1.raw",
    "späße_1.0.0.raw",
    "\u202egpj_1.0.0.raw",
  ]) {
    place(name);
  }
  // One word before the first underscore: to portabled these four are two services.
  for (const name of ["my_app_1.raw", "my_db_1.raw", "foo_1.raw", "foobar_1.raw"]) place(name);
  // The same version twice, in two places.
  place("twice_1.0.0.raw");
  place("twice_1.0.0.raw", "/srv/odder");
  // A directory of versions (systemd.v(7)), and an image that is a directory.
  for (const version of ["1.0", "1.1"]) place(`vault_${version}.raw`, "/srv/odd/vault.raw.v");
  buildTree(idle("tree", "1.0.0", "A directory"), box.rootPath("/srv/odd/tree_1.0.0"));
  // portabled deletes what lies here when it detaches.
  place("doomed_1.0.0.raw", "/etc/portables");

  writeFileSync(join(box.rootPath("/srv/odd"), "notes.txt"), "not an image\n");
  writeFileSync(join(box.rootPath("/srv/odd"), "empty_1.0.0.raw"), "");
  writeFileSync(join(box.rootPath("/srv/odd"), "secret_1.0.0.raw"), "nobody may read this\n", {
    mode: 0o600,
  });
  mkdirSync(box.rootPath("/srv/locked"), { mode: 0o700 });
  await box.mustExec(["mkfifo", "/srv/odd/pipe_1.0.0.raw"]);
  await box.mustExec(["ln", "-s", "/nowhere", "/srv/odd/dangling_1.0.0.raw"]);
  await box.mustExec(["ln", "-s", "loop_1.0.0.raw", "/srv/odd/loop_1.0.0.raw"]);
}
