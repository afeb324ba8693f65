import { existsSync } from "node:fs";
import { appendFile, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { WayBack } from "@/lib/deploy/intent";
import { untilReachable } from "@/lib/deploy/outage";
import type { Plan } from "@/lib/deploy/plan";
import { type Record, Setback } from "@/lib/deploy/record";
import { layOutWayBack, syncDirectory } from "@/lib/deploy/way-back-files";
import { AppError, type Message } from "@/lib/errors";
import type { HostPaths, Systemd } from "@/lib/systemd/types";

/** PID 1 waits so long for a sign of life before it has the old version put back, ms; its script looks for another second and a bit. */
const PATIENCE_MS = 3500;
/** How often the engine gives one, ms. */
const BEAT_MS = 1000;
const LOOK_MS = 100;
/** An engine that dies again and again is not alive: from then on it leaves the timer of an earlier life alone. */
const MOST_LIVES = 3;
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
   * Starts the timer, and lays the way back out as soon as it is known. Throws what the disk or PID 1
   * throw, `read-only` among them: then nothing may be changed. It goes nowhere
   * before it is armed.
   */
  prepare(id: string, plan: Plan, wayBack: Promise<WayBack>): Promise<Prepared>;
  /** Takes over what an earlier life armed, and arms it again if it was called off; `null` when there is nothing. */
  takeOver(id: string): Promise<Armed | null>;
  /** Runs what was never called off and whose deployment cannot be read any more. Never throws. */
  bringBack(id: string): Promise<void>;
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
  /** No more signs of life: it goes off after `ms`, or when it is called off. */
  holdFor(ms: number): Promise<void>;
  /** Signs of life again. Throws `read-only` where PID 1 cannot write to one of `writable`. */
  resume(writable?: readonly string[]): Promise<void>;
  /**
   * The point of no return: `true` means that it will never go off; `false`, that it was faster. Throws what
   * the disk throws: then its timers are stopped, but the next boot may still run it.
   */
  callOff(): Promise<boolean>;
  /** Called off for good, with its files kept for a person; where they are, or `null` where that could not be done. */
  giveUp(): Promise<string | null>;
  /** Has PID 1 run it now, or waits for its end where it runs. Throws `job-failed` when it did not work out. */
  runNow(): Promise<void>;
}

/** The point of no return on the way forward. Throws `Setback` when it went off before. */
export async function callOff(armed: Armed | null): Promise<void> {
  if (armed && !(await armed.callOff())) throw new Setback(FIRED);
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

interface Putting {
  /** Nobody puts it off: it is no sign of life, as the script knows by its name. */
  readonly isHeld?: boolean;
  readonly writable?: readonly string[];
}

type Host = { readonly systemd: Systemd; readonly paths: HostPaths };

/** `directory`: `way-back` in the state directory, as the script looks for it. */
export function createDeadMan(directory: string, { systemd, paths }: Host): DeadMan {
  const placeOf = (id: string) => path.join(directory, id);

  return {
    async prepare(id, plan, wayBack) {
      const { armed, stopTimers } = follow(id);
      const location = plan.attachment?.location ?? "persistent";
      const [laidOut, started] = await Promise.allSettled([
        wayBack.then((known) => layOutWayBack(placeOf(id), paths, plan, known)),
        armed.resume([paths.unitLinks[location]]),
      ]);
      if (laidOut.status === "rejected" || started.status === "rejected") await stopTimers();
      if (laidOut.status === "rejected") throw laidOut.reason;
      if (started.status === "rejected") throw started.reason;
      return {
        async arm(newUnits) {
          await laidOut.value.complete(newUnits).catch(async (error: unknown) => {
            await stopTimers();
            throw error;
          });
          return armed;
        },
        drop: stopTimers,
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
      if ((await countLife(place)) > MOST_LIVES) return armed;
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
      if (!existsSync(placeOf(id))) return;
      const { armed } = follow(id);
      await armed.runNow().catch((error: unknown) => console.error(`the way back of ${id} failed:`, error));
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

  /** Whether it runs or is about to; while PID 1 cannot be asked it may be. */
  async function isAtWork(id: string): Promise<boolean> {
    const patterns = [`attache-way-back@${id}-*`, "attache-boot.service"];
    const units = await systemd.unitsByPatterns(patterns).catch((error: unknown) => {
      ignoreOutage(error);
      return null;
    });
    return units?.some(({ active }) => active === "activating" || active === "active") ?? true;
  }

  function follow(id: string): { readonly armed: Armed; stopTimers(): Promise<void> } {
    const place = placeOf(id);
    let beating: NodeJS.Timeout | undefined;
    let count = 0;
    let isCalledOff = false;
    /** Timers of PID 1 that may be there: one, unless a call of ours was not answered. */
    const timers = new Set<string>();
    let changing: Promise<unknown> = Promise.resolve();

    /** One change after the other: a beat that is under way must not leave a timer behind that nobody knows. */
    const inTurn = (work: () => Promise<void>): Promise<void> => {
      const mine = changing.then(work);
      changing = mine.catch(() => undefined);
      return mine;
    };
    const stopAllBut = async (kept: string | null) => {
      for (const name of [...timers].filter((timer) => timer !== kept)) {
        await systemd.stopTimer(name);
        timers.delete(name);
      }
    };
    /** The next timer before the last one is called off, so that there is never none. */
    const putOff = (ms: number, { isHeld = false, writable = [] }: Putting = {}) =>
      inTurn(async () => {
        const next = `attache-way-back@${id}-${process.pid}${isHeld ? "h" : "x"}${++count}.timer`;
        timers.add(next);
        await systemd.startTimer(next, ms, writable);
        await stopAllBut(next);
      });
    let isBeatDue = true;
    const beat = () => {
      if (!isBeatDue) return;
      isBeatDue = false;
      void putOff(PATIENCE_MS)
        .catch(ignoreOutage)
        .finally(() => {
          isBeatDue = true;
        });
    };
    const stopBeating = () => clearInterval(beating);
    const stopTimers = () => {
      stopBeating();
      return inTurn(() => stopAllBut(null).catch(ignoreOutage));
    };

    const armed: Armed = {
      hasFired: () => existsSync(path.join(place, "fired")),
      async resume(writable) {
        stopBeating();
        await putOff(PATIENCE_MS, { writable: writable ?? [] });
        beating = setInterval(beat, BEAT_MS);
      },
      async holdFor(ms) {
        stopBeating();
        await putOff(ms, { isHeld: true });
      },
      async callOff() {
        const cameTooLate = () => {
          void stopTimers();
          return false;
        };
        if (isCalledOff) return true;
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
          void stopTimers();
        }
        return true;
      },
      async giveUp() {
        await stopTimers();
        try {
          await rename(place, place + KEPT);
          await keepNewest(directory);
          return place + KEPT;
        } catch (error) {
          console.error(`the way back of ${id} is not kept:`, error);
          return null;
        }
      },
      async runNow() {
        stopBeating();
        const unit = `attache-way-back@${id}-0.service`;
        // Where PID 1 cannot be asked for it, the timer that is still armed runs out.
        if (!armed.hasFired()) await systemd.runJob("start", unit).catch(ignoreOutage);
        const result = path.join(place, "result");
        while (!existsSync(result) && (await isAtWork(id))) await sleep(LOOK_MS);
        const said = await readFile(result, "utf8").catch(() => "nothing");
        await stopTimers();
        if (said.trim() === "failed" || said === "nothing")
          throw new AppError("job-failed", { unit, result: said.trim() });
      },
    };
    return { armed, stopTimers };
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

/** The bus is away: then the timer runs out, which is what it is for. */
function ignoreOutage(error: unknown): void {
  if (!(error instanceof AppError)) throw error;
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}
