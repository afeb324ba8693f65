/** The kernel's monotonic clock in ms: the one that PID 1 stamps with, and the same in every process. */
export const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
