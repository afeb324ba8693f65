import { nowMs, pause } from "./clock";
import { openEngine } from "./engine";
import { timed } from "./host-truth";
import { untilFree } from "./outcomes";
import { unitFacts } from "./unit-facts";

/** Upgrades of several services at once, against one `portablectl reattach` after the other. */
export interface Batches {
  readonly pairs: readonly { readonly oursMs: number; readonly theirsMs: number }[];
  /** Milliseconds of the steps of all services of the last batch, by name: the longest one and all of them together. */
  readonly steps: Readonly<Record<string, { readonly max: number; readonly sum: number }>>;
}

const WARM_UP = 1;
const QUIET_MS = 1000;

const [pairs = "5", from = "", to = "", ...services] = process.argv.slice(2);
const imageOf = (service: string, version: string) => `/srv/${service}/${service}_${version}.raw`;
const units = services.map((service) => `${service}.service`);
const door = await openEngine();
const found: { oursMs: number; theirsMs: number }[] = [];
let steps: Batches["steps"] = {};
for (let n = -WARM_UP; n < Number(pairs); n++) {
  await pause(QUIET_MS);
  const oursMs = await upgradeAll();
  await pause(QUIET_MS);
  let theirsMs = 0;
  for (const service of services)
    theirsMs += await timed("portablectl", "reattach", "--now", "--enable", imageOf(service, from));
  await provesActive(from);
  if (n >= 0) found.push({ oursMs, theirsMs });
  console.error(`20 of ours ${Math.round(oursMs)} ms, of theirs ${Math.round(theirsMs)} ms`);
}
console.log(JSON.stringify({ pairs: found, steps } satisfies Batches));
door.close();

/** From asking to the moment in which for every one only the look after the settling time is left. */
async function upgradeAll(): Promise<number> {
  const running = new Map<string, number>();
  const outcomes = new Map<string, string>();
  const all = new Map<string, { max: number; sum: number }>();
  const off = door.engine.on("DeploymentChanged", (deployment) => {
    const { service, phase, outcome } = deployment;
    if (phase === "settling" && !running.has(service)) running.set(service, nowMs());
    if (phase !== "finished") return;
    outcomes.set(service, `${outcome} ${JSON.stringify(deployment.message)}`);
    for (const { name, durationMs } of deployment.steps) {
      const { max, sum } = all.get(name) ?? { max: 0, sum: 0 };
      all.set(name, { max: Math.max(max, durationMs ?? 0), sum: sum + (durationMs ?? 0) });
    }
  });
  const askedAt = nowMs();
  const targets = services.map((service) => ({ service, version: to, expected: from }));
  const { refused } = await door.engine.call("DeployMany", {
    targets,
    stopAtFailure: false,
    by: "bench",
    graceMs: 0,
  });
  if (refused.length > 0) throw new Error(JSON.stringify(refused));
  while (outcomes.size < services.length) await pause(5);
  off();
  await untilFree(door);
  if ([...outcomes.values()].some((end) => !end.startsWith("succeeded")))
    throw new Error([...outcomes].map(([service, end]) => `${service}: ${end}`).join("\n"));
  await provesActive(to);
  steps = Object.fromEntries(all);
  return Math.max(...running.values()) - askedAt;
}

async function provesActive(version: string): Promise<void> {
  for (const [index, { active, image }] of (await unitFacts(units)).entries())
    if (active !== "active" || image !== imageOf(services[index] ?? "", version))
      throw new Error(`${services[index]} is ${active} from ${image}`);
}
