/** The engine as it is shipped, but for two seams: it can be held at a point, and one answer of the host can be replaced. */
import type { Deployment } from "@/lib/deploy/types";
import { startEngine } from "@/lib/engine/start";
import { createInjector } from "./injected";
import { meetingPlace } from "./plan";
import { createPoints, type Point } from "./points";

const LOOK_EVERY_MS = 5;
const place = meetingPlace();
const pointsOf = createPoints();
const injector = createInjector({
  called: (method) => place.log({ kind: "call", method }),
  struck: (by) => place.log({ kind: "struck", by }),
});

/** Synchronous on purpose: nothing of the engine may go on while it is held. */
function onPublish(deployment: Deployment): void {
  for (const point of pointsOf(deployment)) pass(point);
  const { id, origin, outcome, message } = deployment;
  // What it notes of others' doings is on record too, and is no end of what was asked for.
  if (outcome && origin === "attache")
    place.log({ kind: "outcome", id, outcome, why: JSON.stringify(message) });
}

function pass(point: Point): void {
  place.log({ kind: "point", ...point });
  const plan = place.armed();
  if (!plan || plan.edge !== point.edge || plan.point !== point.point) return;
  place.disarm();
  if (plan.strike === "pause") standStill();
  else injector.next(plan.strike);
}

function standStill(): void {
  place.log({ kind: "struck", by: "pause" });
  while (!place.mayGo()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_EVERY_MS);
}

process.once("SIGTERM", () => process.exit(0));
startEngine({ systemd: injector.wrap, onPublish }).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
