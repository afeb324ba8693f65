import type { Box } from "../lab/box";
import { bootHost, type HostOptions } from "../lab/host";
import { installPrograms } from "./guest-program";

/** What one part of the bench needs: a name for its boxes, a place to tell how far it is, and when to stop. */
export interface Bench {
  readonly say: (line: string) => void;
  readonly onBox: (name: string) => void;
}

/** Boots a host for one part of the bench, lets `work` measure on it and takes it down. */
export async function onHost<T>(
  bench: Bench,
  options: Omit<HostOptions, "say" | "name"> & { readonly name: string },
  work: (box: Box) => Promise<T>,
): Promise<T> {
  bench.onBox(options.name);
  const box = await bootHost({ ...options, say: bench.say });
  try {
    await installPrograms(box);
    return await work(box);
  } finally {
    await box.down();
  }
}
