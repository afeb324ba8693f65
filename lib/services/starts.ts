import { AppError } from "@/lib/errors";

/** By unit: image files it was started from, newest first. */
export type StartsByUnit = ReadonlyMap<string, readonly string[]>;

/** A version that was just attached is started a moment later; the journal is asked after that, ms. */
const SOON_MS = 3000;

/** Which versions ran before, by the journal: asked at the start and after each change of what is attached. Only a hint. */
export function createStarts(startsByPortable: () => Promise<StartsByUnit>, onLearnt: () => void) {
  let starts: StartsByUnit = new Map();
  let attached = "";
  let timer: NodeJS.Timeout | undefined;

  async function learn(): Promise<void> {
    try {
      starts = await startsByPortable();
      onLearnt();
    } catch (error) {
      // Without the journal the hint is missing, and the next lower version is offered as a guess.
      if (!(error instanceof AppError)) throw error;
    }
  }

  return {
    learn,
    of: (units: readonly { name: string }[]): readonly string[] => [
      ...new Set(units.flatMap((unit) => starts.get(unit.name) ?? [])),
    ],
    attachedNow(paths: readonly string[]): void {
      const now = [...paths].sort().join("\0");
      if (attached !== "" && attached !== now) {
        clearTimeout(timer);
        timer = setTimeout(() => void learn(), SOON_MS).unref();
      }
      attached = now;
    },
    close: () => clearTimeout(timer),
  };
}
