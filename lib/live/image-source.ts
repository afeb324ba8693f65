import { isSameStamp } from "@/lib/images/inspect";
import type { FileStamp } from "@/lib/images/types";
import type { ImageSource } from "@/lib/services/sources";

/** What the engine finds out about images: first as it tells, then as it was on record when that was read last. */
export function imageSource<T extends { readonly path: string; readonly stamp: FileStamp }>(
  onRecord: () => ReadonlyMap<string, T>,
  ask: (service: string, labels: readonly string[]) => Promise<unknown>,
  onTold: (listener: (service: string, results: readonly T[]) => void) => () => void,
): ImageSource<T> {
  const fresh = new Map<string, T>();
  return {
    get(path, stamp) {
      const known = fresh.get(path) ?? onRecord().get(path);
      return known && isSameStamp(known.stamp, stamp) ? known : null;
    },
    request(service, labels) {
      ask(service, labels).catch((error: unknown) =>
        console.error("asking the engine to look at images:", error),
      );
    },
    onChange: (listener) =>
      onTold((service, results) => {
        for (const result of results) fresh.set(result.path, result);
        listener(service);
      }),
  };
}
