/** Called once by Next before the first request. The Edge build must not see Node's modules, hence the second file. */
export async function register(): Promise<void> {
  if (process.env.NEXT_RUNTIME === "nodejs") await (await import("@/lib/live/start")).start();
}
