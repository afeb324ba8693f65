import { AppError } from "@/lib/errors";
import { nowMs } from "./clock";
import { openEngine } from "./engine";
import { untilFree } from "./outcomes";

/** Many people want to deploy one service at the same moment. */
export interface Races {
  readonly races: number;
  /** Races in which exactly one was taken and all others were refused because of it. */
  readonly oneEach: number;
  /** Refusals that did not name the holder of the service. */
  readonly unnamed: number;
  /** How those ended that did not wait until they were called off. */
  readonly endedEarly: readonly string[];
  /** From sending to the refusal, the bus included, ms each. */
  readonly refusalMs: readonly number[];
}

const RACERS = 10;
/** Long enough to be called off meanwhile: the intent is on disk, and nothing of the service is changed. */
const GRACE_MS = 2000;
const SERVICE = "startpage";
const [OLD, NEW] = ["1.2.0", "1.3.0"];

const [count = "1000"] = process.argv.slice(2);
const doors = await Promise.all(Array.from({ length: RACERS }, () => openEngine()));
const [first] = doors;
if (!first) throw new Error("nobody races");
const door = first.engine;
const refusalMs: number[] = [];
const endedEarly: string[] = [];
const finished = new Map<string, string>();
door.on("DeploymentChanged", ({ id, phase, outcome, message }) => {
  if (phase === "finished") finished.set(id, `${outcome} ${JSON.stringify(message)}`);
});
let oneEach = 0;
let unnamed = 0;
for (let n = 0; n < Number(count); n++) {
  const sentAt = nowMs();
  const answers = await Promise.all(doors.map((door, index) => race(door, index, sentAt)));
  const taken = answers.flatMap((answer) => (answer.kind === "taken" ? [answer] : []));
  const refused = answers.flatMap((answer) => (answer.kind === "refused" ? [answer] : []));
  const [holder] = taken;
  if (taken.length === 1 && refused.every(({ refusal }) => refusal === "deployment-running")) oneEach++;
  unnamed += refused.filter(({ holder: named }) => named !== holder?.by).length;
  refusalMs.push(...refused.map(({ ms }) => ms));
  for (const { id, by } of taken) await cancel(id, by);
  await untilFree(first);
  if (n % 100 === 99) console.error(`${n + 1} races`);
}
console.log(
  JSON.stringify({ races: Number(count), oneEach, unnamed, endedEarly, refusalMs } satisfies Races),
);
for (const door of doors) door.close();

/** A deployment that is over has nothing to call off. */
async function cancel(id: string, by: string): Promise<void> {
  try {
    await door.call("Cancel", { id, by });
  } catch (error) {
    if (!(error instanceof AppError) || error.params.refusal !== "not-found") throw error;
    endedEarly.push(finished.get(id) ?? "unheard of");
  }
}

async function race({ engine }: (typeof doors)[number], index: number, sentAt: number) {
  const by = `racer ${index + 1}`;
  const asked = { service: SERVICE, version: NEW, expected: OLD, by, graceMs: GRACE_MS };
  try {
    const { id } = await engine.call("Deploy", asked);
    return { kind: "taken" as const, id, by };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return {
      kind: "refused" as const,
      refusal: error.params.refusal,
      holder: error.params.by,
      ms: nowMs() - sentAt,
    };
  }
}
