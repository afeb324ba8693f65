import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

/** A file, or a link and its target. */
export interface Entry {
  readonly kind: "file" | "link";
  readonly text: string;
  readonly mode: number;
}

/** Files and links below some directories, by their path in the guest. */
export type Tree = ReadonlyMap<string, Entry>;

/** Reads all files and links below `directories` of the guest whose root is at `root`; what is not there holds nothing. */
export function readTree(root: string, directories: readonly string[]): Tree {
  const tree = new Map<string, Entry>();
  for (const directory of directories) readInto(tree, root, directory);
  return tree;
}

/** Makes what is below `directories` equal to `wanted`; answers the paths that differed. */
export function restoreTree(root: string, directories: readonly string[], wanted: Tree): string[] {
  const now = readTree(root, directories);
  const changed = [...new Set([...now.keys(), ...wanted.keys()])].filter(
    (path) => !isSame(now.get(path), wanted.get(path)),
  );
  for (const path of changed) {
    const entry = wanted.get(path);
    rmSync(join(root, path), { recursive: true, force: true });
    if (entry) put(join(root, path), entry);
  }
  return changed;
}

export function isSame(one: Entry | undefined, other: Entry | undefined): boolean {
  return one?.kind === other?.kind && one?.text === other?.text;
}

function readInto(tree: Map<string, Entry>, root: string, path: string): void {
  let mode: number;
  try {
    const stat = lstatSync(join(root, path));
    if (stat.isDirectory()) {
      for (const name of readdirSync(join(root, path))) readInto(tree, root, join(path, name));
      return;
    }
    mode = stat.mode & 0o777;
    if (stat.isSymbolicLink()) tree.set(path, { kind: "link", text: readlinkSync(join(root, path)), mode });
    else if (stat.isFile())
      tree.set(path, { kind: "file", text: readFileSync(join(root, path), "latin1"), mode });
  } catch (error) {
    if (!isGone(error)) throw error; // a file may go away while it is looked at
  }
}

function put(path: string, { kind, text, mode }: Entry): void {
  mkdirSync(dirname(path), { recursive: true });
  if (kind === "link") symlinkSync(text, path);
  else {
    writeFileSync(path, text, "latin1");
    chmodSync(path, mode);
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
