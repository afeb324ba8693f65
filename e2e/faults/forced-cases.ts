import type { Case } from "./cases";

/** Where portabled has taken the old files and has not put any in their place, while the old process still runs. */
const STRANDING: ReadonlySet<string> = new Set([
  "kill/portabled/during/attach",
  "kill/engine+portabled/during/attach",
  "image/replaced-by-noise",
  "image/truncated-after-the-check",
  "image/deleted-after-the-check",
  "collateral/image-deleted-under-portabled",
]);
const QUICK = "without-way-back/image/replaced-by-noise";

/** The same without PID 1's way back, which puts the files back as well: here only an attach with force can. */
export function forcedCases(others: readonly Case[]): Case[] {
  return others
    .filter(({ name }) => STRANDING.has(name))
    .map(({ name: title, run }): Case => {
      const name = `without-way-back/${title}`;
      const runAlone = async (...[world]: Parameters<NonNullable<typeof run>>) => {
        if (!run) throw new Error(`${title} cannot be run`);
        world.takeWayBackAway();
        return run(world);
      };
      return { name, run: run && runAlone, quick: name === QUICK };
    });
}
