import type { World } from "./world";

const STATE = "/var/lib/attache";
const SMALL = "size=24m,mode=750";

/** A file system of its own for the state of the engine, as an admin may have it, with room for a deployment. */
export async function mountOnState(world: World, options = SMALL): Promise<void> {
  await mountOn(world, STATE, options);
}

/** Mounts a tmpfs on a directory with what the directory holds; gone again before the next case. */
export async function mountOn(world: World, directory: string, options: string): Promise<void> {
  const aside = "/run/aside";
  await stopWhoWrites(world);
  await world.box.mustExec(["mkdir", "-p", aside]);
  await world.box.mustExec(["mount", "-t", "tmpfs", "-o", options, "tmpfs", aside]);
  await world.box.mustExec(["cp", "-a", `${directory}/.`, aside]);
  await world.box.mustExec(["mount", "--move", aside, directory]).catch(async () => {
    // A mount below a shared one cannot be moved: bind it, and let go of the first.
    await world.box.mustExec(["mount", "--bind", aside, directory]);
    await world.box.mustExec(["umount", aside]);
  });
  unmountLater(world, directory);
}

/** One file system for several directories, with what they hold; gone again before the next case. */
export async function mountTogether(
  world: World,
  directories: readonly string[],
  options = SMALL,
): Promise<string> {
  const disk = "/run/one-disk";
  await stopWhoWrites(world);
  await world.box.mustExec(["mkdir", "-p", disk]);
  await world.box.mustExec(["mount", "-t", "tmpfs", "-o", options, "tmpfs", disk]);
  unmountLater(world, disk);
  for (const directory of directories) {
    await world.box.mustExec(["cp", "-a", "--parents", directory, disk]);
    await world.box.mustExec(["mount", "--bind", `${disk}${directory}`, directory]);
    unmountLater(world, directory);
  }
  return disk;
}

/** portabled would go on writing to what is no longer there. */
function unmountLater(world: World, directory: string): void {
  world.later(async () => {
    await stopWhoWrites(world);
    await world.box.exec(["umount", "--lazy", directory]);
  });
}

/** Their mount namespaces are as old as they are, and may not hear of what is mounted or unmounted later. */
async function stopWhoWrites(world: World): Promise<void> {
  await world.box.mustExec(["systemctl", "stop", "attache-engine.service", "systemd-portabled.service"]);
}

/** Not one byte is left. */
export async function fillUp(world: World, directory = STATE): Promise<void> {
  const script = 'head -c 100000000 /dev/zero > "$1/filler" 2>/dev/null; truncate -s +0 "$1/filler"';
  await world.box.exec(["sh", "-c", script, "sh", directory]);
}

/** Not one more name can be given to a file. */
export async function takeInodes(world: World, directory: string): Promise<void> {
  const script = 'n=0; while : > "$1/filler-$n"; do n=$((n+1)); done 2>/dev/null';
  await world.box.exec(["sh", "-c", script, "sh", directory]);
}

/** Nothing new can be written from now on (EACCES: the engine is root without a single capability). */
export async function forbidWrites(world: World): Promise<void> {
  await world.box.mustExec(["chmod", "-R", "a-w", STATE]);
}

/** Every write fails (EROFS). Refused by the kernel once a file of it is open for writing, as the database is. */
export async function remountReadOnly(world: World, directory = STATE): Promise<void> {
  await world.box.mustExec(["mount", "-o", "remount,ro", directory]);
}

/** The directory as it is, read-only, through a mount of its own. */
export async function bindReadOnly(world: World, directory: string): Promise<void> {
  await stopWhoWrites(world);
  await world.box.mustExec(["mount", "--bind", directory, directory]);
  unmountLater(world, directory);
  await world.box.mustExec(["mount", "-o", "remount,bind,ro", directory]);
}
