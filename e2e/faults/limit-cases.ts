import { upgrade } from "./ask";
import type { Case } from "./cases";
import { bindReadOnly, fillUp, mountOn, mountOnState, remountReadOnly, takeInodes } from "./limits";
import { versionsOf } from "./services";
import { runTrial } from "./trial";
import type { World } from "./world";

const APP = versionsOf("app");
const STATE = "/var/lib/attache";
const ATTACHED = "/etc/systemd/system.attached";
const FEW_INODES = "size=4m,nr_inodes=120";

/** What a host can lack; made before the request. */
const LIMITS: Readonly<Record<string, (world: World) => Promise<unknown>>> = {
  "read-only-etc": (world) => bindReadOnly(world, "/etc"),
  "read-only-attached": (world) => bindReadOnly(world, ATTACHED),
  "read-only-state": async (world) => {
    await mountOnState(world);
    await remountReadOnly(world);
  },
  "full-state": async (world) => {
    await mountOnState(world);
    await fillUp(world);
  },
  "full-attached": async (world) => {
    await mountOn(world, ATTACHED, "size=1m,mode=755");
    await fillUp(world, ATTACHED);
  },
  "full-state-and-attached": async (world) => {
    await mountOnState(world);
    await fillUp(world);
    await mountOn(world, ATTACHED, "size=1m,mode=755");
    await fillUp(world, ATTACHED);
  },
  "no-inodes-state": async (world) => {
    await mountOnState(world, FEW_INODES);
    await takeInodes(world, STATE);
  },
  "no-inodes-attached": async (world) => {
    await mountOn(world, ATTACHED, `${FEW_INODES},mode=755`);
    await takeInodes(world, ATTACHED);
  },
  "no-loop-device": async (world) => {
    const move = (from: string, to: string) => world.box.exec(["mv", from, to]);
    await move("/dev/loop-control", "/dev/away-control");
    world.later(() => move("/dev/away-control", "/dev/loop-control"));
  },
  "portabled-masked": async (world) => {
    const set = async (verb: "mask" | "unmask") => {
      await world.box.exec(["systemctl", "stop", "systemd-portabled.service"]);
      await world.box.mustExec(["systemctl", verb, "--runtime", "systemd-portabled.service"]);
    };
    await set("mask");
    world.later(() => set("unmask"));
  },
};

/** Each limit × {upgrade, rollback}: refused or carried out, never half. */
export function limitCases(): Case[] {
  return Object.entries(LIMITS).flatMap(([limit, make]) =>
    (
      [
        ["upgrade", "2.0.0"],
        ["rollback", "0.9.0"],
      ] as const
    ).map(([verb, version]): Case => {
      const run = async (world: World) => {
        await make(world);
        return runTrial(world, {
          request: upgrade("app", version, "1.0.0"),
          allowed: APP.filter(({ label }) => label === "1.0.0" || label === version),
          known: APP,
        });
      };
      const name = `limit/${limit}/${verb}`;
      return { name, run, quick: QUICK.has(name) };
    }),
  );
}

const QUICK = new Set(["limit/full-attached/upgrade", "limit/portabled-masked/upgrade"]);
