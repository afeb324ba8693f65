/** A timer holds no more than this, ms. */
const MOST_MS = 24 * 60 * 60_000;

/** Tells when a freeze ends by itself, since nothing else says so. `next`: ms since 1970, `null` = none will. */
export function createThaw(next: () => number | null, tell: () => void): { follow(): void; close(): void } {
  let timer: NodeJS.Timeout | undefined;
  const follow = () => {
    clearTimeout(timer);
    const at = next();
    if (at === null) return;
    const inMs = Math.min(MOST_MS, Math.max(0, at - Date.now()));
    timer = setTimeout(() => {
      if (Date.now() >= at) tell();
      follow();
    }, inMs).unref();
  };
  return { follow, close: () => clearTimeout(timer) };
}
