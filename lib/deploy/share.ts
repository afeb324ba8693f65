/**
 * For a look that takes long and that many ask for at the same time: at most
 * one is under way and one is queued, and whoever asks gets one that was begun
 * after the question.
 */
export function shareLooks<T>(look: () => Promise<T>): () => Promise<T> {
  let running: Promise<unknown> = Promise.resolve();
  let isRunning = false;
  let queued: Promise<T> | null = null;

  const begin = (): Promise<T> => {
    queued = null;
    isRunning = true;
    const mine = look();
    const over = () => {
      isRunning = false;
    };
    running = mine.then(over, over);
    return mine;
  };
  return () => {
    if (!isRunning && !queued) return begin();
    queued ??= running.then(begin);
    return queued;
  };
}
