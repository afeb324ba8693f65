import { expect, it } from "vitest";
import { BLANK } from "@/lib/deploy/run.fixture";
import { createTeller } from "@/lib/engine/door";
import { createBus } from "@/lib/systemd/bus";

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
  tell({ ...BLANK, phase: "finished" });
  await new Promise((resolve) => setImmediate(resolve));
  expect(told.at(-1)).toBe("DeploymentChanged finished");
});
