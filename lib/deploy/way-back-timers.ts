import { ignoreOutage } from "@/lib/deploy/outage";
import type { Systemd } from "@/lib/systemd/types";

/** PID 1 waits so long for a sign of life before it has the old version put back, ms; its script looks for another second and a bit. */
const PATIENCE_MS = 3500;
/** How often the engine gives one, ms. */
const BEAT_MS = 1000;

/** The timers in PID 1 that run one way back unless they are put off. */
export interface WayBackTimers {
  /** Starts one, and puts it off from then on. Throws `read-only` where PID 1 cannot write to one of `writable`. */
  keepAlive(writable?: readonly string[]): Promise<void>;
  /** Starts one that nobody puts off; without `ms` it runs out as soon as one of which no sign of life comes. */
  holdFor(ms?: number): Promise<void>;
  /** Puts it off no longer: it runs out by itself. */
  stopBeating(): void;
  /** Resolves when none is left, or PID 1 cannot be asked. */
  stop(): Promise<void>;
}

/** `id`: of the deployment. The script knows by the name of a timer whose it is, and whether it is a sign of life. */
export function createWayBackTimers(
  id: string,
  systemd: Pick<Systemd, "startTimer" | "stopTimer">,
): WayBackTimers {
  /** Those that may be there: one, unless a call of ours was not answered. */
  const timers = new Set<string>();
  let beating: NodeJS.Timeout | undefined;
  let count = 0;
  let isBeatDue = true;
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
  const putOff = (kind: "h" | "x", ms: number, writable: readonly string[] = []) =>
    inTurn(async () => {
      const next = `attache-way-back@${id}-${process.pid}${kind}${++count}.timer`;
      timers.add(next);
      await systemd.startTimer(next, ms, writable);
      await stopAllBut(next);
    });
  const beat = () => {
    if (!isBeatDue) return;
    isBeatDue = false;
    void putOff("x", PATIENCE_MS)
      .catch(ignoreOutage)
      .finally(() => {
        isBeatDue = true;
      });
  };
  const stopBeating = () => clearInterval(beating);

  return {
    stopBeating,
    async keepAlive(writable) {
      stopBeating();
      await putOff("x", PATIENCE_MS, writable);
      beating = setInterval(beat, BEAT_MS);
    },
    async holdFor(ms = PATIENCE_MS) {
      stopBeating();
      await putOff("h", ms); // held: no sign of life
    },
    stop() {
      stopBeating();
      return inTurn(() => stopAllBut(null).catch(ignoreOutage));
    },
  };
}
