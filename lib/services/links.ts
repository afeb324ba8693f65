import type { Link } from "@/lib/services/sources";

/** Waits until a link is up, but not for ever. */
export async function untilUp(bus: Link, mostMs: number): Promise<void> {
  if (bus.link.state === "up") return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, mostMs);
    const stop = bus.onLink(() => bus.link.state === "up" && done());
    function done() {
      clearTimeout(timer);
      stop();
      resolve();
    }
  });
}
