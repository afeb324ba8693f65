import { rmSync } from "node:fs";
import { pause } from "../lab/processes";
import { upgrade } from "./ask";
import type { Case } from "./cases";
import { hold, killPids, pidsOf } from "./killer";
import type { Edge } from "./plan";
import { versionsOf } from "./services";
import { runTrial, type Trial } from "./trial";

const APP = versionsOf("app");
const CALM = "/etc/systemd/system.attached/calm.service";
/** Long enough for the engine's call to lie in portabled's queue. */
const QUEUED_MS = 400;

/** portabled takes files of other services, at a moment when no check can see it coming any more. */
export function collateralCases(): Case[] {
  return [
    caseOf("rival-attached-after-the-check", "after", "check", async (world) => {
      // Up to systemd 255 a reattach of `app` takes `apple` for itself.
      await world.box.mustExec(["portablectl", "attach", "--now", "/srv/apple/apple_1.0.0.raw", "apple"]);
      const before = await world.look(["apple.service"]);
      world.place.letGo();
      return { before };
    }),
    caseOf("image-deleted-under-portabled", "before", "attach", deletingUnderPortabled),
    caseOf("files-of-another-gone-and-no-reply", "before", "attach", async (world) => {
      const pids = pidsOf(world.box, "portabled");
      hold(pids, true);
      world.place.letGo();
      await pause(QUEUED_MS);
      for (const path of [CALM, `${CALM}.d`])
        rmSync(world.box.rootPath(path), { recursive: true, force: true });
      killPids(pids);
      return {};
    }),
  ];
}

/** systemd 256 and 257 take a path that is not there for every attached image. */
const deletingUnderPortabled: NonNullable<Trial["strike"]> = async (world) => {
  const pids = pidsOf(world.box, "portabled");
  hold(pids, true);
  world.place.letGo();
  await pause(QUEUED_MS);
  rmSync(world.box.rootPath("/srv/app/app_2.0.0.raw"));
  hold(pids, false);
  return {};
};

function caseOf(title: string, edge: Edge, point: string, strike: NonNullable<Trial["strike"]>): Case {
  const trial: Trial = {
    request: upgrade("app", "2.0.0", "1.0.0"),
    allowed: APP.filter(({ label }) => label === "1.0.0" || label === "2.0.0"),
    known: APP,
    plan: { point, edge, strike: "pause" },
    strike,
  };
  return { name: `collateral/${title}`, run: (world) => runTrial(world, trial), quick: true };
}
