import { existsSync, readdirSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isAlive, run, waitUntil } from "./processes";
import { type BoxState, boxDir } from "./state";

/** SIGRTMIN+4: systemd's "power off" (systemd(1)). */
const POWER_OFF = 38;
const POWER_OFF_MS = 8000;

/** Asks the guest to power off and kills it when it takes too long (a service may ignore SIGTERM for a minute). */
export async function stopGuest(state: BoxState): Promise<void> {
  const { init } = state;
  if (!init || !isAlive(init)) return;
  process.kill(init.pid, POWER_OFF);
  if (await waitUntil(() => !isAlive(init), POWER_OFF_MS)) return;
  process.kill(init.pid, "SIGKILL");
  await waitUntil(() => !isAlive(init), POWER_OFF_MS);
}

/** Takes away what can outlive a guest: processes in its cgroup, loop devices, the cgroup, its files. */
export async function removeRemains(state: BoxState): Promise<void> {
  if (existsSync(join(state.cgroup, "cgroup.kill"))) writeFileSync(join(state.cgroup, "cgroup.kill"), "1");
  await waitUntil(() => removeCgroup(state.cgroup), 5000);
  // Loop devices free themselves with the last mount; the kernel may take a moment for it.
  if (!(await waitUntil(async () => (await loopsOf(state)).length === 0, 3000, 100))) {
    const leaked = await loopsOf(state);
    console.error(`box ${state.name}: ${leaked.length} loop devices were left over: ${leaked.join(" ")}`);
    for (const loop of leaked) await run(["losetup", "--detach", loop]);
  }
  if (!state.keep) rmSync(state.upper, { recursive: true, force: true });
  rmSync(boxDir(state.name), { recursive: true, force: true });
}

/** Loop devices whose file lies on the guest's root. */
async function loopsOf(state: BoxState): Promise<string[]> {
  if (!state.device) return [];
  const { stdout } = await run(["losetup", "--list", "--noheadings", "--output", "NAME,BACK-MAJ:MIN"]);
  const rows = stdout.split("\n").map((line) => line.trim().split(/\s+/));
  return rows.flatMap(([name, device]) => (name && device === state.device ? [name] : []));
}

/** Removes a cgroup and those below; `false` while one is still busy. */
function removeCgroup(path: string): boolean {
  if (!existsSync(path)) return true;
  for (const entry of readdirSync(path, { withFileTypes: true }))
    if (entry.isDirectory()) removeCgroup(join(path, entry.name));
  try {
    rmdirSync(path);
    return true;
  } catch {
    return false;
  }
}
