import { watch } from "node:fs";
import { pause, waitUntil } from "../lab/processes";
import { kill, killPids, pidsOf } from "./killer";
import type { Struck, Trial } from "./trial";

export const TARGETS = ["engine", "portabled", "dbus-daemon", "box"] as const;
/** `box`: PID 1, and with it everything. */
export type Target = (typeof TARGETS)[number];

type Strike = NonNullable<Trial["strike"]>;
const ATTACHED = "/etc/systemd/system.attached";
const FILES_MS = 15_000;
const BEGUN_MS = 10_000;
const LOOK_EVERY_MS = 5;

/** Kills one thing while the engine stands still, then lets the engine go on if it was not the one. */
export function killing(target: Target): Strike {
  return async (world) => {
    if (target === "box") {
      await world.cutAndBoot();
      return { rebooted: true };
    }
    kill(world.box, target);
    if (target !== "engine") world.place.letGo();
    return {};
  };
}

/** Kills the engine for good: its program is gone, so only what it left behind can help. */
export function killingForGood(target: "engine" | "box"): Strike {
  return async (world) => {
    world.takeEngineAway();
    const struck = await killing(target)(world, Promise.resolve(null));
    return { ...struck, withoutEngine: true };
  };
}

/** Kills in the middle of portabled's call: as soon as the first of the service's files changes. */
export function killingAmidFiles(target: Target, withoutEngine = false): Strike {
  return async (world) => {
    const pids = target === "box" ? [] : pidsOf(world.box, target);
    const changed = firstChange(world.box.rootPath(ATTACHED));
    const killNow = async (): Promise<Struck> => {
      if (target === "box") {
        await world.cutAndBoot();
        return { rebooted: true };
      }
      // portabled may have been started since.
      if (killPids(pids) === 0) kill(world.box, target);
      return {};
    };
    await changed;
    if (!withoutEngine) return killNow();
    world.takeEngineAway();
    kill(world.box, "engine");
    return { ...(target === "engine" ? {} : await killNow()), withoutEngine: true };
  };
}

/** A moment after the engine has begun, and who is killed then. */
export interface Blow {
  readonly afterMs: number;
  readonly targets: readonly Target[];
}

/** Kills at given moments, counted from when the engine begins; each later one from the one before. */
export function killingAfter(blows: readonly Blow[]): Strike {
  return async (world) => {
    await waitUntil(() => world.place.events().length > 0, BEGUN_MS, LOOK_EVERY_MS);
    let rebooted = false;
    for (const { afterMs, targets } of blows) {
      await pause(afterMs);
      for (const target of targets) {
        if (target === "box") await world.cutAndBoot();
        else kill(world.box, target);
        rebooted ||= target === "box";
      }
    }
    return { rebooted };
  };
}

function firstChange(directory: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      watcher.close();
      reject(new Error("none of the service's files changed"));
    }, FILES_MS);
    const watcher = watch(directory, () => {
      watcher.close();
      clearTimeout(timer);
      resolve();
    });
  });
}
