import type { AttachedState, Known } from "@/lib/drift/types";

/** What is left of it in this boot: an attachment below /run ended with its own. */
export function sinceBoot<T extends Known>(known: T, boot: string): T {
  const hasEnded = (state: Pick<AttachedState, "location" | "boot"> | null) =>
    state?.location === "runtime" && state.boot !== boot;
  if (!hasEnded(known.deployed) && !hasEnded(known.seen)) return known;
  return {
    ...known,
    deployed: hasEnded(known.deployed) ? null : known.deployed,
    seen: hasEnded(known.seen) ? null : known.seen,
  };
}
