import { existsSync } from "node:fs";
import { appendFile, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { sentBack } from "@/lib/deploy/bring-up";
import { syncDirectory } from "@/lib/deploy/durable";
import type { Host } from "@/lib/deploy/host";
import type { WayBack } from "@/lib/deploy/intent";
import { ignoreOutage, untilReachable } from "@/lib/deploy/outage";
import type { Plan } from "@/lib/deploy/plan";
import { type Record, Setback } from "@/lib/deploy/record";
import { layOutWayBack } from "@/lib/deploy/way-back-files";
import { createWayBackTimers, type WayBackTimers } from "@/lib/deploy/way-back-timers";
import { AppError, type Message } from "@/lib/errors";

const LOOK_MS = 100;
/** An engine that dies again and again is not alive: from then on it leaves the timer of an earlier life alone. */
const MOST_LIVES = 3;
/** How long its files may take to be back, ms: nobody else waits longer. */
const MOST_FILES_MS = 10_000;
/** How often one is started that ends without a word. */
const MOST_STARTS = 2;
/** How what is kept for a person ends, and how many of it. */
const KEPT = ".kept";
const KEPT_COUNT = 10;

/**
 * The way back that does not need us: before a switch its files are laid out
 * for `packaging/way-back`, and a timer in PID 1 runs that unless the engine
 * goes on putting it off. What a reboot interrupts, `attache-boot.service` runs
 * it for.
 */
export interface DeadMan {
  /**
   * Starts the timer, and lays the way back out as soon as it is known. Throws
   * what the disk or PID 1 throw, `read-only` among them: then nothing may be
   * changed. It goes nowhere before it is armed.
   */
  prepare(id: string, plan: Plan, wayBack: Promise<WayBack>): Promise<Prepared>;
  /** Takes over what an earlier life armed, and arms it again if it was called off; `null` when there is nothing. */
  takeOver(id: string): Promise<Armed | null>;
  /**
   * Runs what was never called off and whose deployment cannot be read any more. Resolves when its files are back;
   * `over` when all is done, with its files kept for a person where that failed. Never throws.
   */
  bringBack(id: string): Promise<{ readonly over: Promise<void> }>;
  /** Removes what is left of a deployment that is on record. */
  forget(id: string): Promise<void>;
  /** Deployments that something is laid out for. */
  known(): Promise<string[]>;
}

export interface Prepared {
  /** From now on it puts the old version back. `newUnits`: what the new version has. */
  arm(newUnits: readonly string[]): Promise<Armed>;
  /** It is not needed: nothing is changed. */
  drop(): Promise<void>;
}

export interface Armed {
  /** The timer ran out, or the machine went down: the way back is or was under way. */
  hasFired(): boolean;
  /** No more signs of life: it goes off after `ms`, or soon, unless it is called off. */
  holdFor(ms?: number): Promise<void>;
  /** Signs of life again. Throws `read-only` where PID 1 cannot write to one of `writable`. */
  resume(writable?: readonly string[]): Promise<void>;
  /**
   * The point of no return: `true` means that it will never go off; `false`, that it was faster. Throws what
   * the disk throws: then its timers are stopped, but the next boot may still run it.
   */
  callOff(): Promise<boolean>;
  /** Called off for good, with its files kept for a person; where they are, or `null` where that could not be done. */
  giveUp(): Promise<string | null>;
  /** Undoes `callOff`: the next boot, or whoever runs it, finds it again. */
  takeBack(): Promise<void>;
  /**
   * Has PID 1 run it now, unless it runs already. Resolves when the files are back; `over` when what ran does again,
   * and rejects with `job-failed` when it did not work out.
   */
  runNow(): Promise<{ readonly over: Promise<void> }>;
}

/** Nobody else switches files until it has put its own back: to them it would look like damage. */
export async function runWayBack({ exclusive }: Pick<Host, "exclusive">, armed: Armed): Promise<void> {
  const { over } = await exclusive(() => armed.runNow());
  await over;
}

/** The point of no return on the way forward. Throws `Setback` when it went off before, or somebody was told that it goes `back`. */
export async function callOff(armed: Armed | null, back?: AbortSignal): Promise<void> {
  if (back?.aborted) throw sentBack(back);
  if (armed && !(await armed.callOff())) throw new Setback(FIRED);
  if (!back?.aborted) return;
  await armed?.takeBack();
  throw sentBack(back);
}

/** What other services lost is put back all the same. */
const FOR_OTHERS: ReadonlySet<string> = new Set(["compare", "repair"]);

/** The same record, whose steps forward end as soon as the way back has gone off without us. */
export function untilFired(record: Record, armed: Armed | null): Record {
  return {
    get current() {
      return record.current;
    },
    update: record.update,
    finish: record.finish,
    async step(name, direction, work, params) {
      if (direction === "forward" && !FOR_OTHERS.has(name) && armed?.hasFired()) throw new Setback(FIRED);
      return record.step(name, direction, work, params);
    },
  };
}

export const FIRED: Message = { code: "way-back-fired", params: {} };

/** `directory`: `way-back` in the state directory, as the script looks for it. */
export function createDeadMan(
  directory: string,
  host: Pick<Host, "systemd" | "paths" | "exclusive">,
): DeadMan {
  const { systemd, paths } = host;
  const placeOf = (id: string) => path.join(directory, id);

  return {
    async prepare(id, plan, wayBack) {
      const { armed, timers } = follow(id);
      const location = plan.attachment?.location ?? "persistent";
      const [laidOut, started] = await Promise.allSettled([
        wayBack.then((known) => layOutWayBack(placeOf(id), paths, plan, known)),
        armed.resume([paths.unitLinks[location]]),
      ]);
      if (laidOut.status === "rejected" || started.status === "rejected") await timers.stop();
      if (laidOut.status === "rejected") throw laidOut.reason;
      if (started.status === "rejected") throw started.reason;
      return {
        async arm(newUnits) {
          await laidOut.value.complete(newUnits).catch(async (error: unknown) => {
            await timers.stop();
            throw error;
          });
          return armed;
        },
        drop: timers.stop,
      };
    },
    async takeOver(id) {
      const place = placeOf(id);
      if (existsSync(`${place}.over`) && !existsSync(place)) await rename(`${place}.over`, place);
      if (!existsSync(place)) return null;
      const { armed } = follow(id);
      if (armed.hasFired()) return armed;
      // Where the bus is away meanwhile the earlier timer runs out, and then it is ours to wait for.
      await untilReachable(systemd);
      if ((await countLife(place)) > MOST_LIVES) return { ...armed, resume: () => armed.holdFor() };
      const earlier = await systemd.unitsByPatterns([`attache-way-back@${id}-*.timer`]).catch(noneInOutage);
      try {
        await armed.resume();
        for (const { name } of earlier) await systemd.stopTimer(name);
      } catch (error) {
        ignoreOutage(error); // without a timer of ours the earlier one is still there, and may run out
      }
      return armed;
    },
    async bringBack(id) {
      if (!existsSync(placeOf(id))) return { over: Promise.resolve() };
      const { armed } = follow(id);
      const { over } = await host.exclusive(() => armed.runNow());
      const keepFiles = async (error: unknown) =>
        console.error(`the way back of ${id} failed; what it needs is in ${await armed.giveUp()}:`, error);
      return { over: over.catch(keepFiles) };
    },
    async forget(id) {
      // What is at work on it reads its files until the end.
      while (isRunning(placeOf(id)) && (await isAtWork(id))) await sleep(LOOK_MS);
      const remove = (end: string) => rm(placeOf(id) + end, { recursive: true, force: true });
      await Promise.all([remove(".over"), remove(".new")]);
      // Whole or not at all: the script must not find the half of it.
      await rename(placeOf(id), `${placeOf(id)}.over`).catch(ignoreMissing);
      await remove(".over");
    },
    async known() {
      const names = (await readdir(directory).catch(() => [])).filter((name) => !name.endsWith(KEPT));
      return [...new Set(names.map((name) => name.replace(/\..*$/, "")))];
    },
  };

  /** Whether it runs; while PID 1 cannot be asked it may. */
  async function isAtWork(id: string): Promise<boolean> {
    const patterns = [`attache-way-back@${id}-*.service`, "attache-boot.service"];
    const units = await systemd.unitsByPatterns(patterns).catch((error: unknown) => {
      ignoreOutage(error);
      return null;
    });
    return units?.some(({ active }) => active === "activating" || active === "active") ?? true;
  }

  function follow(id: string): { readonly armed: Armed; readonly timers: WayBackTimers } {
    const place = placeOf(id);
    const timers = createWayBackTimers(id, systemd);
    let isCalledOff = false;

    const armed: Armed = {
      hasFired: () => existsSync(path.join(place, "fired")),
      resume: timers.keepAlive,
      holdFor: timers.holdFor,
      async callOff() {
        const cameTooLate = () => {
          void timers.stop();
          return false;
        };
        if (isCalledOff) {
          void timers.stop(); // it may have been resumed for a way back that is over now
          return true;
        }
        if (armed.hasFired()) return cameTooLate();
        try {
          await rename(place, `${place}.over`);
          if (existsSync(path.join(`${place}.over`, "fired"))) {
            await rename(`${place}.over`, place);
            return cameTooLate();
          }
          await syncDirectory(directory);
          isCalledOff = true;
        } finally {
          void timers.stop();
        }
        return true;
      },
      async giveUp() {
        await timers.stop();
        try {
          await rename(place, place + KEPT);
          await keepNewest(directory);
          return place + KEPT;
        } catch (error) {
          console.error(`the way back of ${id} is not kept:`, error);
          return null;
        }
      },
      async takeBack() {
        await rename(`${place}.over`, place);
        isCalledOff = false;
      },
      async runNow() {
        timers.stopBeating();
        let isOver = false;
        const over = runToItsEnd().finally(() => {
          isOver = true;
        });
        over.catch(() => undefined); // it is told to whoever waits for it
        const until = performance.now() + MOST_FILES_MS;
        while (!isOver && !existsSync(path.join(place, "back")) && performance.now() < until)
          await sleep(LOOK_MS);
        return { over };
      },
    };
    const runToItsEnd = async () => {
      const unit = `attache-way-back@${id}-0.service`;
      const result = path.join(place, "result");
      // Where PID 1 cannot be asked for it, the timer that is still armed runs out. One that was killed may go on.
      for (let starts = 0; !existsSync(result); )
        if (await isAtWork(id)) await sleep(LOOK_MS);
        else if (++starts > MOST_STARTS) break;
        else await systemd.runJob("start", unit).catch(ignoreOutage);
      const said = await readFile(result, "utf8").catch(() => "nothing");
      await timers.stop();
      if (said.trim() === "failed" || said === "nothing")
        throw new AppError("job-failed", { unit, result: said.trim() });
    };
    return { armed, timers };
  }
}

/** How many engines have taken it over, this one included; on a disk that is full nobody counts. */
async function countLife(place: string): Promise<number> {
  const file = path.join(place, "lives");
  try {
    await appendFile(file, ".");
    return (await stat(file)).size;
  } catch (error) {
    console.error("the lives of the engine are not counted:", error);
    return 1;
  }
}

function isRunning(place: string): boolean {
  return existsSync(path.join(place, "fired")) && !existsSync(path.join(place, "result"));
}

/** Ids are in the order of time. */
async function keepNewest(directory: string): Promise<void> {
  const kept = (await readdir(directory)).filter((name) => name.endsWith(KEPT)).sort();
  for (const name of kept.slice(0, -KEPT_COUNT)) await rm(path.join(directory, name), { recursive: true });
}

function noneInOutage(error: unknown): [] {
  ignoreOutage(error);
  return [];
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}
