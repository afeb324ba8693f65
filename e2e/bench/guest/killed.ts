import { execFile } from "node:child_process";
import { existsSync, readdirSync, renameSync } from "node:fs";
import { promisify } from "node:util";
import { nowMs, pause } from "./clock";
import { openEngine } from "./engine";
import { untilFree } from "./outcomes";
import { unitFacts } from "./unit-facts";

/** Engine and web server are killed right after switches, for good. */
export interface Killed {
  /** From the kill to the start of the old version's process, ms each; `null` where it did not come back. */
  readonly backMs: readonly (number | null)[];
}

const execute = promisify(execFile);
const PROGRAMS = ["/opt/attache/engine/engine.mjs", "/opt/attache/web/start-web.mjs"];
const UNITS = ["attache-engine.service", "attache-web.service"];
const [OLD, NEW] = ["1.0.0", "1.1.0"];
const PATIENCE_MS = 30_000;
const LOOK_MS = 50;

const [kills = "10", ...services] = process.argv.slice(2);
const units = services.map((service) => `${service}.service`);
const oldImages = services.map((service) => `/srv/${service}/${service}_${OLD}.raw`);
const backMs: (number | null)[] = [];
const door = await openEngine();
for (let n = 0; n < Number(kills); n++) {
  await switchAll();
  for (const program of PROGRAMS) renameSync(program, `${program}.away`);
  await execute("systemctl", ["kill", "--signal=SIGKILL", ...UNITS]);
  const round = await whenBack(nowMs());
  backMs.push(...round);
  console.error(`kill ${n + 1}: ${round.map((ms) => (ms === null ? "not back" : Math.round(ms))).join(" ")}`);
  for (const program of PROGRAMS) renameSync(`${program}.away`, program);
  await execute("systemctl", ["reset-failed", ...UNITS]);
  await execute("systemctl", ["start", ...UNITS]);
  await untilFree(door);
  while (readdirSync("/var/lib/attache/way-back").length > 0) await pause(50);
}
console.log(JSON.stringify({ backMs } satisfies Killed));
door.close();

/** Resolves in the moment in which the last of them was restarted and is being watched. */
async function switchAll(): Promise<void> {
  const settling = new Set<string>();
  const ended: string[] = [];
  const off = door.engine.on("DeploymentChanged", ({ service, phase, outcome, message }) => {
    if (phase === "settling") settling.add(service);
    if (phase === "finished") ended.push(`${service} ${outcome} ${JSON.stringify(message)}`);
  });
  const targets = services.map((service) => ({ service, version: NEW, expected: OLD }));
  const { refused } = await door.engine.call("DeployMany", {
    targets,
    stopAtFailure: false,
    by: "bench",
    graceMs: 0,
  });
  if (refused.length > 0) throw new Error(JSON.stringify(refused));
  while (settling.size < services.length) {
    if (ended.length > 0) throw new Error(`ended too early: ${ended}`);
    await pause(1);
  }
  off();
}

/** Looks at PID 1 and the disk until each is on its old version, its files in place and a new process of it running. */
async function whenBack(killedAt: number): Promise<(number | null)[]> {
  for (;;) {
    const facts = await unitFacts(units);
    const back = facts.map(({ load, active, image, file, startedAt }, index) => {
      const isBack =
        load === "loaded" &&
        active === "active" &&
        image === oldImages[index] &&
        existsSync(file) &&
        startedAt > killedAt;
      return isBack ? startedAt - killedAt : null;
    });
    if (back.every((ms) => ms !== null) || nowMs() - killedAt > PATIENCE_MS) return back;
    await pause(LOOK_MS);
  }
}
