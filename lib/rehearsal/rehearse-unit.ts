import { randomUUID } from "node:crypto";
import { access, chmod, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { AppError } from "@/lib/errors";
import type { RehearsalVerdict } from "@/lib/images/types";
import {
  dataDirectories,
  isPlainName,
  type Mount,
  neededPaths,
  type RealUnit,
  type Root,
  rehearsalText,
  serviceSettings,
} from "@/lib/rehearsal/unit-text";
import { judge, unchecked } from "@/lib/rehearsal/verdict";
import type { Systemd, UnitStatus } from "@/lib/systemd/types";

export interface Stage {
  readonly systemd: Pick<Systemd, "holdUnit" | "releaseUnit" | "runJob" | "unitStatus" | "journal">;
  /** Where PID 1 finds a new unit without being told to reload, e.g. `/run/systemd/system`. */
  readonly unitDirectory: string;
  /** Stands in for a data directory that systemd would make at the real start. Made when it is needed. */
  readonly emptyDirectory: string;
}

const OURS = /^attache-rehearsal-[0-9a-f-]+\.service$/;
/** A unit of its own may take 10 s (`rehearsalText`); PID 1 may be busy before that. */
const LONGEST_MS = 20_000;
const LINES = 20;
/** What the engine's own sandbox keeps from it: that a path is not there for us says nothing about the host. */
const HIDDEN = /^\/(dev|tmp|var\/tmp)(\/|$)/;

/**
 * Starts a throw-away unit that is like the real one in all that is mounted
 * and runs nothing, and tells how far it came. Files of the host are read, none
 * is changed; unit and file are gone when this returns. Throws what `Systemd`
 * throws.
 */
export async function rehearseUnit(stage: Stage, real: RealUnit, root: Root): Promise<RehearsalVerdict> {
  if (!isPlainName(real.name) || ![root.image, ...root.extensions].every(isPlainPath))
    return unchecked("odd-name", { unit: real.name });
  const settings = serviceSettings(real);
  const directories = dataDirectories(settings);
  await mkdir(stage.emptyDirectory, { recursive: true });
  const mounts = await Promise.all(
    directories.map(async ({ sources, destination }): Promise<Mount> => {
      const there = await Promise.all(sources.map(exists));
      return { source: sources.find((_, index) => there[index]) ?? stage.emptyDirectory, destination };
    }),
  );
  const unit = `attache-rehearsal-${randomUUID()}.service`;
  const file = path.join(stage.unitDirectory, unit);
  const { systemd } = stage;
  // One that would be mounted into another one, and is not there yet, is part of that other one's start.
  const outer = mounts.filter((one) => one.source !== stage.emptyDirectory || !isInside(one, mounts));
  const text = rehearsalText(`Rehearsal of ${real.name}; nothing of it runs`, settings, root, outer);
  try {
    await writeFile(file, text, { flag: "wx" });
    await chmod(file, 0o644); // PID 1 complains of a unit file that not all may read
    await systemd.holdUnit(unit);
    const loaded = await systemd.unitStatus(unit);
    if (loaded.load !== "loaded") return unchecked("rehearsal-not-loaded", { load: loaded.load });
    const made = await wouldMake(loaded, stage.emptyDirectory);
    if (made) return unchecked("makes-mount-point", { path: made });
    await systemd.runJob("start", unit, { signal: AbortSignal.timeout(LONGEST_MS) });
    const status = await systemd.unitStatus(unit);
    return judge({
      status,
      lines: status.service?.exitStatus === 203 ? [] : await linesOf(stage, status),
      directories,
      ...neededPaths(settings),
      missing: await missingOn(status),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "TimeoutError")
      return unchecked("rehearsal-timed-out");
    throw error;
  } finally {
    await rm(file, { force: true });
    await systemd.releaseUnit(unit).catch((error: unknown) => {
      if (!(error instanceof AppError)) throw error; // without a connection nobody holds it any more
    });
  }
}

/** Removes what an earlier life left, killed in the middle of one. PID 1 forgot those units with our connection. */
export async function clearStage({ unitDirectory }: Pick<Stage, "unitDirectory">): Promise<void> {
  const names = await readdir(unitDirectory).catch(() => []);
  await Promise.all(
    names.filter((name) => OURS.test(name)).map((name) => rm(path.join(unitDirectory, name))),
  );
}

async function linesOf({ systemd }: Stage, { name, invocationId }: UnitStatus): Promise<string[]> {
  if (invocationId === "") return [];
  const lines = await systemd.journal({ unit: name, invocationId, lines: LINES });
  return lines.map(({ text }) => text);
}

async function missingOn({ service }: UnitStatus): Promise<Set<string>> {
  const named = [
    ...(service?.bindPaths.map(({ source }) => source) ?? []),
    ...(service?.environmentFiles.map((file) => file.path) ?? []),
  ];
  const wanted = named.filter((place) => !HIDDEN.test(place));
  const there = await Promise.all(wanted.map(exists));
  return new Set(wanted.filter((_, index) => !there[index]));
}

/**
 * Where one bind path leads into another, PID 1 makes the mount point in the
 * host's directory if it is not there yet. At a real start that is meant; here
 * it would leave something behind.
 */
async function wouldMake({ service }: UnitStatus, own: string): Promise<string | null> {
  const mounts = service?.bindPaths ?? [];
  for (const inner of mounts) {
    for (const outer of mounts) {
      if (outer.source === own || !isBelow(inner.destination, outer.destination)) continue;
      const place = path.join(outer.source, path.relative(outer.destination, inner.destination));
      if (!(await exists(place))) return place;
    }
  }
  return null;
}

function isInside(one: Mount, others: readonly Mount[]): boolean {
  return others.some(({ destination }) => isBelow(one.destination, destination));
}

function isBelow(inner: string, outer: string): boolean {
  return inner !== outer && inner.startsWith(outer.endsWith("/") ? outer : `${outer}/`);
}

/** Else it could not be written into a unit file as it is. */
function isPlainPath(file: string): boolean {
  return file.startsWith("/") && file.trim() === file && !/[\p{Cc}"\\]/u.test(file);
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
