import { askPage } from "./ask-page";
import { nowMs, pause } from "./clock";
import { openEngine } from "./engine";
import { deployToEnd } from "./outcomes";

/** Upgrades of `startpage` to versions that PID 1 restarts again and again. */
export interface Crashing {
  /** From the restart of the switch to the first answer of the version that came back, ms each. */
  readonly backMs: readonly number[];
}

const PORT = 8081;
const PAGE = "/cgi-bin/index.cgi";
const OLD = "1.2.0";
/** Exit at once, and after 300 ms; both with Restart=always. Made by `bad-images.ts`. */
const BAD = ["2.0.0", "2.1.0"];
const RETRY_MS = 5;
const PATIENCE_MS = 60_000;

const [runs = "20"] = process.argv.slice(2);
const door = await openEngine();
const backMs: number[] = [];
for (let n = 0; n < Number(runs); n++) {
  const version = BAD[n % BAD.length] ?? "";
  let answers: Promise<number> | null = null;
  let restartedAt = 0;
  const end = await deployToEnd(
    door,
    { service: "startpage", version, expected: OLD, graceMs: 0, despiteMark: true },
    ({ steps }) => {
      const restart = steps.find(({ name, direction }) => name === "restart" && direction === "forward");
      if (!restart || answers) return;
      restartedAt = nowMs() - (Date.now() - restart.startedAt);
      answers = firstAnswer();
    },
  );
  if (end.outcome !== "reverted" || !answers) throw new Error(`${version}: ${end.outcome}`);
  backMs.push((await answers) - restartedAt);
  console.error(`${version}: back after ${Math.round(backMs.at(-1) ?? 0)} ms`);
}
console.log(JSON.stringify({ backMs } satisfies Crashing));
door.close();

/** When the page is the old version's again, after nobody has answered. */
async function firstAnswer(): Promise<number> {
  const startedAt = nowMs();
  let wasAway = false;
  while (nowMs() - startedAt < PATIENCE_MS) {
    const page = await askPage(PORT, PAGE).catch(() => null);
    wasAway ||= page === null;
    if (wasAway && page?.includes(OLD)) return nowMs();
    await pause(RETRY_MS);
  }
  throw new Error("startpage does not answer any more");
}
