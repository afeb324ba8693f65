import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/** Directories that portabled writes to. */
const ATTACHED = ["/etc/systemd/system.attached", "/run/systemd/system.attached"];

/** Digest of every attached file on the host, by path; for a link, its target. Shares no code with the engine. */
export function readAttachedFiles(): Map<string, string> {
  const files = new Map<string, string>();
  for (const directory of ATTACHED) walk(directory, files);
  return files;
}

/** Services whose own files differ between two readings; a service's units begin with its name and `.`, `@` or `-`. */
export function changedServices(
  services: readonly string[],
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  const changed = [...paths].filter((path) => before.get(path) !== after.get(path));
  return services.filter((service) => changed.some((path) => isOf(service, path)));
}

function isOf(service: string, path: string): boolean {
  return path
    .split("/")
    .some((part) => part.startsWith(service) && /^[.@-]/.test(part.slice(service.length)));
}

function walk(directory: string, files: Map<string, string>): void {
  for (const name of list(directory)) {
    const path = join(directory, name);
    const stat = lstatSync(path);
    if (stat.isDirectory()) walk(path, files);
    else if (stat.isSymbolicLink()) files.set(path, `-> ${readlinkSync(path)}`);
    else files.set(path, createHash("sha256").update(readFileSync(path)).digest("hex"));
  }
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // nothing was ever attached there
  }
}
