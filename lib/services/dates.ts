import { AppError } from "@/lib/errors";
import type { UnitBook } from "@/lib/services/unit-book";
import type { Systemd } from "@/lib/systemd/types";

/** Asked at once: PID 1 answers one after the other, and others want to ask, too. */
const AT_ONCE = 4;
/** How often what was learnt is shown, ms. */
const SHOW_MS = 200;

/**
 * Learns in the background since when units are in their state: a list of
 * units does not say it, and a signal only says it from now on. `onLearnt`
 * gets services with something new. Stops when the bus goes away.
 */
export function createDates(
  book: UnitBook,
  systemd: Pick<Systemd, "unitStatus">,
  onLearnt: (services: ReadonlySet<string>) => void,
) {
  let isRunning = false;
  let isClosed = false;

  return {
    async learn(): Promise<void> {
      if (isRunning) return;
      isRunning = true;
      const failed = new Set<string>();
      for (let units = book.undated(); units.length > 0 && !isClosed; ) {
        const queue = units.values();
        let isUp = true;
        let learnt = new Set<string>();
        let shownAt = Date.now();
        await Promise.all(
          Array.from({ length: AT_ONCE }, async () => {
            for (const unit of queue) {
              if (!isUp || isClosed) return;
              try {
                const service = book.date(unit, (await systemd.unitStatus(unit)).since);
                if (service !== null) learnt.add(service);
              } catch (error) {
                if (!(error instanceof AppError)) throw error;
                failed.add(unit);
                isUp = error.code === "call-failed";
              }
              if (Date.now() - shownAt < SHOW_MS) continue;
              onLearnt(learnt);
              learnt = new Set();
              shownAt = Date.now();
            }
          }),
        );
        if (learnt.size > 0) onLearnt(learnt);
        units = isUp ? book.undated().filter((unit) => !failed.has(unit)) : [];
      }
      isRunning = false;
    },
    close() {
      isClosed = true;
    },
  };
}
