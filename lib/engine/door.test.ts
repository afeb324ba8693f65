import { expect, it } from "vitest";
import { BLANK as NEW } from "@/lib/deploy/run.fixture";
import { createTeller } from "@/lib/engine/door";
import { createBus } from "@/lib/systemd/bus";

const step = {
  seq: 1,
  name: "check",
  direction: "forward",
  params: {},
  startedAt: 0,
  durationMs: null,
} as const;
const BLANK = { ...NEW, steps: [{ ...step, outcome: "running" as const, message: null }] };

it("what changes twice before anybody can be told is told once, as it is then", async () => {
  const bus = createBus({ address: "unix:path=/nowhere" });
  const told: string[] = [];
  const tell = createTeller({
    ...bus,
    emitSignal: (_path, _name, member, _signature, [text]) =>
      told.push(`${member} ${JSON.parse(String(text)).phase}`),
  });
  for (const phase of ["waiting", "switching"] as const) tell({ ...BLANK, phase });
  tell({ ...BLANK, id: "01HZZZZZZZZZZZZZZZZZZZZZZY", phase: "trial" });
  expect(told).toEqual([]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toEqual(["DeploymentChanged switching", "DeploymentChanged trial"]);
  tell({ ...BLANK, phase: "settling" });
  tell({ ...BLANK, phase: "finished" });
  expect(told.slice(2), "an end waits for nothing, and nothing comes behind it").toEqual([
    "DeploymentChanged finished",
  ]);
  tell(NEW);
  await new Promise((resolve) => setImmediate(resolve));
  expect(told.slice(3), "nor does a beginning").toEqual(["DeploymentChanged waiting"]);
});
