import { openEngine } from "./engine";
import { deployToEnd, untilFree } from "./outcomes";

/** A few deployments of every outcome, for what the engine writes about them. */
const [rounds = "3"] = process.argv.slice(2);
const door = await openEngine();
const versions = ["1.2.0", "1.3.0"];
let ended = 0;
for (let n = 0; n < Number(rounds) * 2; n++) {
  const [expected, version] = [versions[n % 2] ?? "", versions[(n + 1) % 2] ?? ""];
  await deployToEnd(door, { service: "startpage", version, expected, graceMs: 0 });
  ended++;
}
await deployToEnd(door, { service: "fragile", version: "2.0.0", expected: "1.0.0", graceMs: 0 });
await deployToEnd(door, { service: "fragile", version: "1.2.0", expected: "1.0.0", graceMs: 0 });
const asked = { service: "startpage", version: "1.3.0", expected: "1.2.0", by: "bench", graceMs: 5000 };
const { id } = await door.engine.call("Deploy", asked);
await door.engine.call("Cancel", { id, by: "bench" });
await untilFree(door);
console.log(JSON.stringify({ ended: ended + 3 }));
door.close();
