import type { ImageVersion } from "@/lib/images/types";
import type { InspectionSource } from "@/lib/services/sources";
import { type TargetFacts, worthInspecting, worthRehearsing } from "@/lib/services/targets";

/** What is asked for: which versions lack it, and since when one has it. */
export interface Wish {
  /** `isWhole`: somebody looks at the service. */
  readonly worth: (facts: TargetFacts, isWhole: boolean) => readonly ImageVersion[];
  /** When the answer that is known was found, ms since 1970; `null` = none is. A newer one is an answer to what was asked since. */
  readonly knownAt: (version: ImageVersion) => number | null;
}

export const TO_BE_OPENED: Wish = {
  worth: worthInspecting,
  knownAt: ({ inspection }) => inspection?.at ?? null,
};
export const TO_BE_REHEARSED: Wish = {
  worth: worthRehearsing,
  knownAt: ({ rehearsal }) => rehearsal?.at ?? null,
};

/** Opened per service before the next one's turn: a directory may hold thousands. */
const SLICE = 4;
/** How long after a look at a service all of it is opened; a page that is open looks again with each answer, ms. */
const VIEW_MS = 30_000;
/** Services whose images are being opened. Few, so that what somebody looks at now does not wait for all others. */
const AT_ONCE = 4;
/** Without an answer the next one's turn comes after this; a deployment, say, holds up everything else, ms. */
const PATIENCE_MS = 10_000;
/** A file that changed a moment ago is still being written: opening it would only prove that. */
const QUIET_MS = 2000;

/**
 * Asks for images to be opened, or rehearsed, before anyone needs to know what
 * is in them: each state of a file, and each answer that is outdated, once, a few services at a time, first what
 * somebody looks at (there every version is opened), then what is attached.
 * Nothing is asked while `isUp` is false.
 */
export function createRequests(
  wish: Wish,
  source: Pick<InspectionSource, "request">,
  isUp: () => boolean,
  lookAgain: (service: string) => void,
) {
  const known = new Map<string, TargetFacts>();
  const asked = new Set<string>();
  const waiting = new Map<string, Wanted>();
  const underWay = new Map<string, UnderWay>();
  const settling = new Map<string, NodeJS.Timeout>();
  let inView = { service: "", until: 0 };
  let weighing: NodeJS.Immediate | undefined;

  return {
    /** Takes what is known of a service now: what it lacks is asked for some time, what it has was answered. */
    consider(service: string, facts: TargetFacts): void {
      known.set(service, facts);
      // Not now: a picture of the host does not wait for it, and of many services the most urgent comes first.
      weighing ??= setImmediate(weighAll);
    },
    forget(service: string): void {
      known.delete(service);
      waiting.delete(service);
      end(service);
      sendSome();
    },
    /** Somebody looks at this service. */
    look(service: string): void {
      inView = { service, until: Date.now() + VIEW_MS };
      lookAgain(service);
    },
    /** Whoever was asked may be new: what has no answer yet is asked again. */
    startAgain(): void {
      for (const service of [...underWay.keys()]) end(service);
      asked.clear();
    },
    close(): void {
      clearImmediate(weighing);
      for (const timer of settling.values()) clearTimeout(timer);
      for (const { timer } of underWay.values()) clearTimeout(timer);
      waiting.clear();
    },
  };

  function weighAll(): void {
    weighing = undefined;
    for (const [service, facts] of known) weigh(service, facts);
    known.clear();
    sendSome();
  }

  function weigh(service: string, facts: TargetFacts): void {
    const open = underWay.get(service);
    if (open && isAnswered(open, facts)) end(service);

    const isWhole = service === inView.service && Date.now() < inView.until;
    const wanted = wish.worth(facts, isWhole).filter((version) => !asked.has(keyOf(version)));
    const quiet = wanted.filter((version) => Math.abs(Date.now() - version.stamp.mtimeMs) >= QUIET_MS);
    if (quiet.length < wanted.length) lookAgainLater(service);
    const versions = quiet.slice(0, SLICE);
    if (versions.length > 0) waiting.set(service, { versions, isAttached: facts.current !== null });
    else waiting.delete(service);
  }

  /** The state of the file and what is known of it. */
  function keyOf(version: ImageVersion): string {
    const { path, stamp } = version;
    return `${path}\0${stamp.dev}:${stamp.ino}:${stamp.size}:${stamp.mtimeMs}:${wish.knownAt(version)}`;
  }

  function isAnswered({ keys }: UnderWay, { versions }: TargetFacts): boolean {
    return !versions.some((version) => keys.includes(keyOf(version)));
  }

  function sendSome(): void {
    while (isUp() && underWay.size < AT_ONCE) {
      const service = nextOf(waiting, underWay, inView.service);
      const wanted = service === null ? undefined : waiting.get(service);
      if (service === null || !wanted) return;
      waiting.delete(service);
      const keys = wanted.versions.map(keyOf);
      for (const key of keys) asked.add(key);
      const timer = setTimeout(() => {
        end(service);
        sendSome();
      }, PATIENCE_MS);
      underWay.set(service, { keys, timer: timer.unref() });
      source.request(
        service,
        wanted.versions.map((version) => version.label),
      );
    }
  }

  function end(service: string): void {
    clearTimeout(underWay.get(service)?.timer);
    underWay.delete(service);
  }

  function lookAgainLater(service: string): void {
    if (settling.has(service)) return;
    const timer = setTimeout(() => {
      settling.delete(service);
      lookAgain(service);
    }, QUIET_MS);
    settling.set(service, timer.unref());
  }
}

interface Wanted {
  readonly versions: readonly ImageVersion[];
  readonly isAttached: boolean;
}

interface UnderWay {
  readonly keys: readonly string[];
  readonly timer: NodeJS.Timeout;
}

function nextOf(
  waiting: ReadonlyMap<string, Wanted>,
  underWay: ReadonlyMap<string, UnderWay>,
  inView: string,
): string | null {
  const free = [...waiting].filter(([service]) => !underWay.has(service));
  const next =
    free.find(([service]) => service === inView) ?? free.find(([, { isAttached }]) => isAttached) ?? free[0];
  return next?.[0] ?? null;
}
