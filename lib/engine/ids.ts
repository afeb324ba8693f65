import { decodeTime, monotonicFactory } from "ulid";

/**
 * Makes ids that sort by the order of requests, also when the clock is set back
 * in between: `last`, the newest id on record, is the least that the time in an
 * id may be. What ran last and what failed last is decided by that order.
 */
export function createIds(last: string | null, now: () => number = Date.now): () => string {
  const make = monotonicFactory();
  let time = last === null ? 0 : decodeTime(last);
  return () => {
    time = Math.max(now(), time + 1);
    return make(time);
  };
}
