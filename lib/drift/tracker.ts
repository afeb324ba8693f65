import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { Refusal } from "@/lib/deploy/types";
import { sinceBoot } from "@/lib/drift/boot";
import { compareDeployed } from "@/lib/drift/compare";
import { type Deed, findChanges, findSwitch } from "@/lib/drift/deeds";
import { createStateReader, nowOf, type Places } from "@/lib/drift/read";
import type { AttachedState, DeployedState, Drift, Known } from "@/lib/drift/types";
import { watchAttached } from "@/lib/drift/watch";

/** What is on record of a service. */
export interface Tracked extends Known {
  readonly at: number;
  readonly drift: Drift | null;
}

export interface TrackerOptions extends Places {
  /** What is on record, by service; empty when nothing ever was, `null` when it cannot be read now. */
  readonly load: () => ReadonlyMap<string, Tracked> | null;
  /** Must not throw. `false`: it was not written and is to be tried again. */
  readonly save: (records: ReadonlyMap<string, Tracked>) => boolean;
  /** Whether this program is changing the service now: then nothing is anybody else's doing. */
  readonly isOurs: (service: string) => boolean;
  /** The image that this program has attached to the service and only watches now; `null`: none. */
  readonly watchedImage: (service: string) => string | null;
  /** While this is true there are better things to do than to look. */
  readonly isBusy: () => boolean;
  /** Somebody else did this. Called once the difference is on record. */
  readonly done: (service: string, deed: Deed, at: number) => void;
  /** What is on record of the service is new. */
  readonly noted: (service: string) => void;
}

export type Adopted =
  | { readonly ok: true; readonly drift: Drift; readonly now: DeployedState | null }
  | { readonly ok: false; readonly refusal: Refusal };

export interface Tracker {
  /** Begins to look: what happened since the last life is found out first. `ours`: changed by us and never noted. */
  start(ours: Iterable<string>): Promise<void>;
  /** Takes what is there now as deployed, after a change of ours. */
  settle(service: string): Promise<void>;
  /** Others changed the service during a change of ours: they are judged by what was attached of ours before. */
  handOver(service: string): void;
  /** Looks again, soon. */
  look(): void;
  tracked(service: string): Tracked | null;
  /** Takes what is there now as deployed, because somebody says so who has seen the difference of `shown`. */
  adopt(service: string, shown: number): Promise<Adopted>;
  close(): void;
}

/** inotify sees nothing of a change made by another machine or below a new mount, ms. */
const LOOK_AGAIN_MS = 30_000;
/** A reattach takes files away for up to a quarter of a second: what differs has to stay so for this long, ms. */
const QUIET_MS = 300;
/** A switch of ours is quicker alone; for so long others wait to be noticed, ms. */
const BUSY_MS = 800;
const STEP_MS = 100;
/** A switch of ours ends without a change of files; until its result was seen it is looked for, ms. */
const OURS_MS = 1000;
/** An upload over an attached image changes it without end: then it is judged all the same. */
const MOST_LOOKS = 4;

/**
 * Notices what others do to attached images and their files. It never changes
 * the host: it compares, and tells. One service is judged only while nothing of
 * ours is under way on it, and only by two looks that agree.
 */
export function createTracker(options: TrackerOptions): Tracker {
  const { load, save, isOurs, watchedImage, done, noted } = options;
  const reader = createStateReader(options);
  const known = new Map<string, Tracked>();
  /** Until it was read, nothing is judged by what is on record, nor written over it. */
  let record: "unread" | "empty" | "read" = "unread";
  const unsaved = new Map<string, Tracked>();
  /** Grows with each change of ours, so that a look from before it is not judged by what came after. */
  const ours = new Map<string, number>();
  /** What a change of ours has attached, as it was first seen after it. */
  const attachedByUs = new Map<string, AttachedState>();
  const watcher = watchAttached(options.paths, () => look());
  let timer: NodeJS.Timeout | undefined;
  let isLooking = false;
  let isStale = false;
  let isClosed = false;
  let isStarted = false;

  const keep = (service: string, tracked: Tracked) => {
    known.set(service, tracked);
    unsaved.set(service, tracked);
  };
  const flush = () => {
    if (record === "read" && unsaved.size > 0 && save(unsaved)) unsaved.clear();
  };
  const readRecord = () => {
    const records = load();
    if (!records) return;
    record = records.size === 0 ? "empty" : "read";
    const overtaken = [...known.keys()].filter((service) => records.get(service)?.drift);
    for (const [service, tracked] of records) {
      if (known.has(service)) continue; // by a change of ours since the start
      known.set(service, tracked);
      const left = sinceBoot(tracked, options.boot);
      if (left !== tracked) keep(service, left);
    }
    flush();
    for (const service of overtaken) noted(service);
  };
  /** The very first start: nothing tells how it came to be as it is. */
  const takeAsFirst = async () => {
    for (const [service, state] of await readAll()) if (!known.has(service)) keep(service, asDeployed(state));
    record = "read";
  };
  const look = () => {
    isStale = true;
    if (isStarted && !isLooking) void lookUntilFresh();
  };
  const lookUntilFresh = async () => {
    isLooking = true;
    while (isStale && !isClosed) {
      for (let waitedMs = 0; options.isBusy() && waitedMs < BUSY_MS; waitedMs += STEP_MS)
        await sleep(STEP_MS);
      isStale = false;
      await lookOnce().catch((error: unknown) => console.error("looking for changes of others:", error));
    }
    isLooking = false;
  };
  const readAll = async () => {
    const states = await reader.read();
    if (watcher.follow(states)) isStale = true;
    for (const [service, state] of states)
      if (!attachedByUs.has(service) && watchedImage(service) === state.path)
        attachedByUs.set(service, state);
    return states;
  };
  const lookOnce = async () => {
    if (record === "unread") readRecord();
    if (record === "empty") await takeAsFirst();
    flush();
    const turns = new Map(ours);
    let states = await readAll();
    for (let looks = 1; differing(states).length > 0 && looks < MOST_LOOKS; looks++) {
      await sleep(QUIET_MS);
      const again = await readAll();
      const isQuiet = differing(again).every((service) =>
        isDeepStrictEqual(again.get(service), states.get(service)),
      );
      states = again;
      if (isQuiet) break;
    }
    for (const service of differing(states)) {
      if (turns.get(service) === ours.get(service)) await judge(service, states.get(service) ?? null);
      else isStale = true;
    }
    if (unseen(states)) setTimeout(look, OURS_MS).unref();
  };
  /** Whether we switched a service, and what that has attached is still to be seen. */
  const unseen = (states: ReadonlyMap<string, AttachedState>) =>
    [...states].some(
      ([service, { path }]) =>
        isOurs(service) && !attachedByUs.has(service) && known.get(service)?.seen?.path !== path,
    );
  /** Services that are not as they were at the last look, and that nobody here is changing. */
  const differing = (states: ReadonlyMap<string, AttachedState>) =>
    [...new Set([...known.keys(), ...states.keys()])].filter((service) => {
      if (record !== "read" || isOurs(service)) return false;
      const last = known.get(service);
      const now = states.get(service) ?? null;
      if (last?.drift) return true; // it may have ended
      return !isDeepStrictEqual(last?.seen ?? null, now);
    });
  const judge = async (service: string, attached: AttachedState | null) => {
    const last = known.get(service) ?? NOTHING;
    const turn = ours.get(service);
    const now = await nowOf(reader, attached, last.seen);
    if (isClosed) return;
    if (isOurs(service) || turn !== ours.get(service)) return look();
    const deed = findSwitch(last.seen, attached);
    const next: Known = { deployed: last.deployed, seen: deed ? attached : last.seen };
    const differences = compareDeployed(next, now);
    const deeds = [
      ...(deed ? [deed] : []),
      ...findChanges(last.drift?.differences ?? [], differences, attached),
    ];
    const isSame = deeds.length === 0 && isDeepStrictEqual(differences, last.drift?.differences ?? []);
    if (isSame) return;
    const at = Date.now();
    const drift = differences.length > 0 ? { at, differences, deployed: last.deployed } : null;
    keep(service, { ...next, at, drift });
    flush();
    noted(service);
    for (const one of deeds) done(service, one, timeOf(one, at));
  };
  const rebase = async (service: string) => {
    const state = (await reader.read(new Set([service]))).get(service) ?? null;
    take(service, state);
  };
  const take = (service: string, state: AttachedState | null) => {
    const before = known.get(service);
    attachedByUs.delete(service);
    keep(service, asDeployed(state));
    flush();
    if (before?.drift) noted(service);
  };

  readRecord();
  return {
    async start(changed) {
      if (record === "empty") await takeAsFirst();
      for (const service of changed) await rebase(service);
      isStarted = true;
      timer = setInterval(look, LOOK_AGAIN_MS).unref();
      look();
    },
    async settle(service) {
      ours.set(service, (ours.get(service) ?? 0) + 1);
      await rebase(service);
      look(); // its new image has a directory of its own to follow
    },
    handOver(service) {
      ours.set(service, (ours.get(service) ?? 0) + 1);
      const state = attachedByUs.get(service);
      if (state) take(service, state);
    },
    look,
    tracked: (service) => known.get(service) ?? null,
    async adopt(service, shown) {
      const drift = known.get(service)?.drift;
      if (!drift) return { ok: false, refusal: { code: "nothing-differs", params: { service } } };
      if (drift.at !== shown)
        return { ok: false, refusal: { code: "differs-otherwise", params: { service } } };
      ours.set(service, (ours.get(service) ?? 0) + 1);
      await rebase(service);
      return { ok: true, drift, now: known.get(service)?.deployed ?? null };
    },
    close() {
      isClosed = true;
      clearInterval(timer);
      watcher.close();
    },
  };
}

const NOTHING: Tracked = { deployed: null, seen: null, at: 0, drift: null };

function asDeployed(state: AttachedState | null): Tracked {
  return { deployed: state && withoutFiles(state), seen: state, at: Date.now(), drift: null };
}

/** How the files were is known from `seen`; twice would be too much to keep. */
function withoutFiles({ files: _files, ...rest }: AttachedState): DeployedState {
  return rest;
}

/** When portabled wrote its files, since the engine may have been away; never in the future. */
function timeOf({ kind, to }: Deed, now: number): number {
  return kind === "change" || !to ? now : Math.min(now, Math.trunc(to.attachedAt));
}
