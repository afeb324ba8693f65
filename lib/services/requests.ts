import type { ImageVersion } from "@/lib/images/types";
import type { InspectionSource } from "@/lib/services/sources";
import { type TargetFacts, worthInspecting } from "@/lib/services/targets";

/** Opened unasked per service; the page of the service asks for more. */
const MOST = 4;
/** A file that changed a moment ago is still being written: opening it would only prove that. */
const QUIET_MS = 2000;

/** Asks for images to be opened before anyone needs to know what is in them; each state of a file once. */
export function createRequests(inspections: InspectionSource, lookAgain: (service: string) => void) {
  const asked = new Set<string>();
  const waiting = new Map<string, NodeJS.Timeout>();

  return {
    consider(service: string, facts: TargetFacts): void {
      const wanted = worthInspecting(facts, MOST).filter((version) => !asked.has(keyOf(version)));
      const quiet = wanted.filter((version) => Math.abs(Date.now() - version.stamp.mtimeMs) >= QUIET_MS);
      if (quiet.length < wanted.length && !waiting.has(service)) {
        const timer = setTimeout(() => {
          waiting.delete(service);
          lookAgain(service);
        }, QUIET_MS);
        timer.unref();
        waiting.set(service, timer);
      }
      if (quiet.length === 0) return;
      for (const version of quiet) asked.add(keyOf(version));
      inspections.request(
        service,
        quiet.map((version) => version.label),
      );
    },
    /** Whoever was asked is new and knows of nothing. */
    forget(): void {
      asked.clear();
    },
    close(): void {
      for (const timer of waiting.values()) clearTimeout(timer);
      waiting.clear();
    },
  };
}

function keyOf({ path, stamp }: ImageVersion): string {
  return `${path}\0${stamp.dev}:${stamp.ino}:${stamp.size}:${stamp.mtimeMs}`;
}
