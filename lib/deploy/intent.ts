import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { uptime } from "node:os";
import path from "node:path";
import { syncDirectory } from "@/lib/deploy/durable";
import type { Choice } from "@/lib/deploy/matches";
import type { Plan } from "@/lib/deploy/plan";
import type { SeenUnit } from "@/lib/deploy/settle";
import type { Deployment } from "@/lib/deploy/types";
import type { RanUnit } from "@/lib/deploy/units";

import type { Attachment } from "@/lib/services/types";

/** All that is needed to put the old version back. */
export interface WayBack {
  readonly attachment: Attachment | null;
  /** What was attached of the old image. */
  readonly choice: Choice;
  /** Units that ran, with the invocation that was theirs. */
  readonly running: readonly RanUnit[];
  /** Units with an enable link. */
  readonly enabled: readonly string[];
  /** Digests of the service's own attached files, to tell which unit files changed. */
  readonly files: readonly (readonly [path: string, digest: string])[];
}

/**
 * `planned`: nothing was changed yet. `switching`: portabled may have been
 * called. `trial`: the new version is up, and goes back at `trialEnds` unless
 * it is kept. `going-back`: the old version is being put back.
 */
export type Stage = "planned" | "switching" | "trial" | "going-back";

/** What the engine means to do, on disk before it does it. */
export interface Intent {
  readonly format: 1;
  readonly stage: Stage;
  readonly plan: Plan;
  readonly deployment: Deployment;
  readonly wayBack: WayBack | null;
  /** What is taken of the new image; `null` until it was checked, and where there is none. */
  readonly choice: Choice | null;
  /** End of the trial by `uptimeMs`: no change of the clock moves it. */
  readonly trialEnds: number | null;
  /** The boot that `trialEnds` counts in; left out before a trial, and by engines that did not know. */
  readonly trialBoot?: string;
  /** What is on trial, as it was at its beginning; left out before. */
  readonly onTrial?: readonly SeenUnit[];
}

/** Milliseconds since the machine booted; no change of the clock moves it, and every process has the same. */
export function uptimeMs(): number {
  return uptime() * 1000;
}

export interface Intents {
  /** Durable when it returns: written aside, synced, renamed, directory synced. */
  write(intent: Intent): Promise<void>;
  /** The longer part of that ahead of time; nothing holds before `commit`, and the next `write` takes its place. */
  layAside(intent: Intent): Promise<{ commit(): Promise<void> }>;
  remove(service: string): Promise<void>;
  /** Every readable intent, and the names of files that are not. */
  all(): Promise<{ intents: Intent[]; unreadable: string[] }>;
  /** Renames a file that is still unreadable to `*.unreadable`: what it might have meant is seen to. */
  setAside(file: string): Promise<void>;
}

/** Keeps one file per service in `directory`. Service names are file names already (text before the first `_`). */
export function createIntents(directory: string): Intents {
  const fileOf = (service: string) => path.join(directory, `${encodeURIComponent(service)}.json`);
  const asideOf = (service: string) => `${fileOf(service)}.new`;
  const layAside: Intents["layAside"] = async (intent) => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const file = fileOf(intent.plan.service);
    const aside = asideOf(intent.plan.service);
    const handle = await open(aside, "w", 0o600);
    try {
      await handle.writeFile(JSON.stringify(intent));
      await handle.sync();
    } finally {
      await handle.close();
    }
    return {
      async commit() {
        await rename(aside, file);
        await syncDirectory(directory);
      },
    };
  };

  return {
    layAside,
    async write(intent) {
      const { commit } = await layAside(intent);
      await commit();
    },

    async remove(service) {
      await rm(fileOf(service), { force: true });
      await rm(asideOf(service), { force: true });
    },

    async all() {
      const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return [];
        throw error;
      });
      const intents: Intent[] = [];
      const unreadable: string[] = [];
      for (const name of names.filter((one) => one.endsWith(".json"))) {
        const file = path.join(directory, name);
        const intent = parseIntent(await readFile(file, "utf8"));
        if (intent) intents.push(intent);
        else unreadable.push(file);
      }
      return { intents, unreadable };
    },

    async setAside(file) {
      const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return null;
        throw error;
      });
      if (text !== null && !parseIntent(text)) await rename(file, `${file}.unreadable`);
    },
  };
}

/** The file is ours and renamed whole, so its format number is enough to trust its shape. */
function parseIntent(text: string): Intent | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "format" in value && value.format === 1
      ? (value as Intent)
      : null;
  } catch {
    return null;
  }
}
