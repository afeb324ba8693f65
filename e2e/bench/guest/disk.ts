import { dirname } from "node:path";

/** What a process did to its files, or told to others, in order. `since`: a sync covers what was done before that event. */
export type DiskEvent =
  | { readonly kind: "open"; readonly path: string; readonly truncate: boolean }
  | { readonly kind: "write"; readonly path: string; readonly at: number; readonly data: string }
  | { readonly kind: "truncate"; readonly path: string; readonly length: number }
  | { readonly kind: "sync"; readonly path: string; readonly since: number }
  | { readonly kind: "rename"; readonly from: string; readonly to: string }
  | { readonly kind: "unlink"; readonly path: string }
  | { readonly kind: "told"; readonly id: string };

/** Which of what was not made durable a power cut leaves. */
export interface Luck {
  /** Whether a file keeps the writes that no sync of it has followed. */
  keepsWrites(path: string): boolean;
  /** Whether directories keep names that were made, changed or removed since they were synced. */
  readonly keepsNames: boolean;
}

interface Write {
  readonly index: number;
  apply(bytes: Buffer): Buffer;
}

interface File {
  durable: Buffer;
  pending: Write[];
  /** Tells two states of what is durable apart, of any two files. */
  revision: number;
}

/** A disk that can lose its power after any event. Whatever lies on it at first is durable. */
export function createDisk(base: ReadonlyMap<string, Buffer>) {
  const names = new Map<string, File>();
  let revisions = 0;
  for (const [path, durable] of base) names.set(path, { durable, pending: [], revision: revisions++ });
  const durableNames = new Map(names);

  const fileAt = (path: string): File => {
    const file = names.get(path) ?? { durable: Buffer.alloc(0), pending: [], revision: revisions++ };
    names.set(path, file);
    return file;
  };
  const syncDirectory = (directory: string) => {
    for (const path of new Set([...names.keys(), ...durableNames.keys()])) {
      if (dirname(path) !== directory) continue;
      const file = names.get(path);
      if (file) durableNames.set(path, file);
      else durableNames.delete(path);
    }
  };
  const syncFile = (file: File, since: number) => {
    for (const write of file.pending.filter(({ index }) => index < since))
      file.durable = write.apply(file.durable);
    file.pending = file.pending.filter(({ index }) => index >= since);
    file.revision = revisions++;
  };

  return {
    apply(event: DiskEvent, index: number): void {
      switch (event.kind) {
        case "open":
          if (event.truncate) fileAt(event.path).pending.push({ index, apply: () => Buffer.alloc(0) });
          else fileAt(event.path);
          return;
        case "write":
          fileAt(event.path).pending.push({
            index,
            apply: writing(event.at, Buffer.from(event.data, "base64")),
          });
          return;
        case "truncate":
          fileAt(event.path).pending.push({ index, apply: cutting(event.length) });
          return;
        case "sync": {
          const file = names.get(event.path);
          if (file) syncFile(file, event.since);
          else syncDirectory(event.path);
          return;
        }
        case "rename": {
          names.set(event.to, fileAt(event.from));
          names.delete(event.from);
          return;
        }
        case "unlink":
          names.delete(event.path);
          return;
        case "told":
          return;
        default:
          event satisfies never;
      }
    },

    /** The same for the same: tells without looking at any bytes whether a cut would leave something new. */
    keyAfterCut({ keepsNames, keepsWrites }: Luck): string {
      return [...(keepsNames ? names : durableNames)]
        .map(([path, { revision, pending }]) => {
          const kept = keepsWrites(path) ? pending.map(({ index }) => index) : [];
          return `${path} ${revision} ${kept.join()}`;
        })
        .sort()
        .join("\n");
    },

    /** What lies on it when the power comes back. */
    afterCut({ keepsNames, keepsWrites }: Luck): Map<string, Buffer> {
      const left = new Map<string, Buffer>();
      for (const [path, { durable, pending }] of keepsNames ? names : durableNames)
        left.set(
          path,
          keepsWrites(path) ? pending.reduce((bytes, write) => write.apply(bytes), durable) : durable,
        );
      return left;
    },
  };
}

function writing(at: number, data: Buffer): Write["apply"] {
  return (bytes) => {
    const grown = Buffer.alloc(Math.max(bytes.length, at + data.length));
    bytes.copy(grown);
    data.copy(grown, at);
    return grown;
  };
}

function cutting(length: number): Write["apply"] {
  return (bytes) => {
    const cut = Buffer.alloc(length);
    bytes.copy(cut);
    return cut;
  };
}
