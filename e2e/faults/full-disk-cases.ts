import { existsSync } from "node:fs";
import { waitUntil } from "../lab/processes";
import { ask, upgrade } from "./ask";
import type { Case } from "./cases";
import { fillUp, mountTogether } from "./limits";
import type { Plan } from "./plan";
import { versionsOf } from "./services";
import { killingForGood } from "./strikes";
import { runTrial, type Trial } from "./trial";
import type { World } from "./world";

type Strike = NonNullable<Trial["strike"]>;

const APP = versionsOf("app");
const STATE = "/var/lib/attache";
/** What a host without a partition of its own for /var has on one. */
const DISK = [STATE, "/etc/systemd/system.attached", "/etc/systemd/system", "/etc/portables"];
const RESERVE_MS = 10_000;

/** All that a switch writes outside /run lies on one disk, which is full: nobody goes forward, and everybody gets back. */
export function fullDiskCases(): Case[] {
  const only = (label: string) => APP.filter((version) => version.label === label);
  const before = (title: string, version: string, allowed: Trial["allowed"]): Case => ({
    name: `limit/full-disk/${title}`,
    async run(world) {
      const disk = await mountTogether(world, DISK);
      await withReserve(world);
      await fillUp(world, disk);
      return runTrial(world, { request: upgrade("app", version, "1.0.0"), allowed, known: APP });
    },
  });
  const amid = (title: string, plan: Plan, version: string, strike: Strike): Case => ({
    name: `limit/full-disk/${title}`,
    async run(world) {
      const disk = await mountTogether(world, DISK);
      await withReserve(world);
      return runTrial(world, {
        request: upgrade("app", version, "1.0.0"),
        allowed: only("1.0.0"),
        known: APP,
        plan,
        async strike(...args) {
          await fillUp(world, disk);
          return strike(...args);
        },
      });
    },
  });
  const goOn: Strike = async (world) => {
    world.place.letGo();
    return {};
  };
  const at = (point: string): Plan => ({ point, edge: "after", strike: "pause" });
  return [
    before("upgrade", "2.0.0", only("1.0.0")),
    before("rollback", "0.9.0", only("0.9.0")),
    amid("from-attach-on-of-a-version-that-falls", at("attach"), "3.0.0", goOn),
    amid("from-restart-on-of-a-version-that-falls", at("restart"), "3.0.0", goOn),
    amid("from-attach-on-without-engine", at("attach"), "2.0.0", killingForGood("engine")),
    amid("from-restart-on-without-engine", at("restart"), "2.0.0", killingForGood("engine")),
  ];
}

/** The engine takes its reserve while there is room for it. */
async function withReserve(world: World): Promise<void> {
  await ask(world.box, { method: "Running", input: {} });
  await waitUntil(() => existsSync(world.box.rootPath(`${STATE}/reserve/space`)), RESERVE_MS, 50);
  await world.box.mustExec(["systemctl", "stop", "attache-engine.service"]);
}
