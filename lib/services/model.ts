import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { AppError } from "@/lib/errors";
import type { ImageVersion } from "@/lib/images/types";
import { createDates } from "@/lib/services/dates";
import { askHost, type HostNews, majorOf, missingParts } from "@/lib/services/host-facts";
import { compareServices, joinService, targetFacts, unitFiles, withFindings } from "@/lib/services/join";
import { createKeptDetails } from "@/lib/services/kept-details";
import { untilUp } from "@/lib/services/links";
import { createReader } from "@/lib/services/reader";
import type { Reading } from "@/lib/services/reading";
import { createRequests, TO_BE_OPENED, TO_BE_REHEARSED } from "@/lib/services/requests";
import type { Model, ModelChange, ModelOptions } from "@/lib/services/sources";
import { createStarts } from "@/lib/services/starts";
import type { Service, Snapshot } from "@/lib/services/types";
import { createUnitBook } from "@/lib/services/unit-book";

export type { Model, ModelChange } from "@/lib/services/sources";

/** inotify sees nothing of a change made by another machine (NFS) or below a new mount: look now and then, ms. */
const LOOK_AGAIN_MS = 60_000;
/** How long the first picture waits for the bus, ms. */
const FIRST_BUS_MS = 1000;
/** PID 1 did not answer although the bus is there: ask again after this, ms. */
const RETRY_MS = 1000;

/**
 * Builds and keeps the live picture of a host. It is read from the file system
 * and with one call to PID 1, then follows signals and inotify; looking at it
 * costs no call at all. When the bus goes away what was known stays, with its
 * age; when it comes back everything is asked anew.
 */
export function createModel(options: ModelOptions): Model {
  const { bus, engine, systemd, inspections, rehearsals, deployments } = options;
  const epoch = randomUUID();
  const listeners = new Set<(change: ModelChange) => void>();
  const ends: (() => void)[] = [];
  const book = createUnitBook();
  const dates = createDates(book, systemd, publish);
  const isEngineUp = () => engine.link.state === "up";
  const publishOne = (service: string) => publish([service]);
  const requests = [
    createRequests(TO_BE_OPENED, inspections, isEngineUp, publishOne),
    createRequests(TO_BE_REHEARSED, rehearsals, isEngineUp, publishOne),
  ];
  const details = createKeptDetails(systemd);
  const starts = createStarts(options.startsByPortable ?? noStarts, () => publish("all"));
  const joined = new WeakMap<ImageVersion, ImageVersion>();
  const services = new Map<string, Service>();
  let sorted: readonly Service[] = [];
  let reading: Reading | null = null;
  let news: HostNews = { systemdVersion: null, noPortabled: null };
  let revision = 0;
  let seenAt = Date.now();
  let shown: unknown = null;
  let firstPicture: () => void = () => undefined;
  let retry: NodeJS.Timeout | undefined;

  const reader = createReader({
    roots: options.roots,
    paths: options.paths,
    onAttached({ attachments }) {
      starts.attachedNow(attachments.map((attachment) => attachment.path));
      book.own(
        new Map(attachments.flatMap(({ service, units }) => units.map((unit) => [unit, service] as const))),
      );
    },
    readUnits,
    onRead(fresh) {
      reading = fresh;
      publish("all");
      firstPicture();
      if (isUp()) void dates.learn();
    },
  });

  return {
    async start() {
      const first = new Promise<void>((resolve) => {
        firstPicture = resolve;
      });
      follow();
      // A first picture without states, a moment before one with them, would only flicker.
      await untilUp(bus, FIRST_BUS_MS);
      reader.refresh({ images: "all", attached: true, units: true });
      await first;
      void learnHost();
      // Starting journalctl takes a moment, for which whoever waits for the picture need not wait.
      setImmediate(() => void starts.learn());
    },

    snapshot: (): Snapshot => ({
      epoch,
      revision,
      seenAt: isUp() ? Date.now() : seenAt,
      ...whole(),
      services: sorted,
    }),

    service: (name) => services.get(name),

    async details(name) {
      if (services.has(name)) for (const request of requests) request.look(name);
      const service = services.get(name);
      if (!service) throw new AppError("not-found", { service: name });
      return details.get(service);
    },

    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    close() {
      for (const end of ends) end();
      for (const part of [reader, dates, ...requests, starts]) part.close();
      clearTimeout(retry);
      listeners.clear();
    },
  };

  function follow(): void {
    const timer = setInterval(() => {
      reader.refresh({ images: "all", attached: true });
      if (news.noPortabled) void learnHost();
    }, LOOK_AGAIN_MS);
    timer.unref();
    ends.push(
      () => clearInterval(timer),
      options.watchUnits({
        onUnits: (changes) => publish(changes.flatMap((change) => book.change(change) ?? [])),
        onReloaded: () => {
          details.outdateAll();
          reader.refresh({ attached: true, units: true });
          if (reading) void learnHost(); // packages come and go, and units are masked, with a reload
        },
        onUnitFiles: () => reader.refresh({ attached: true }),
        onReset: () => {
          details.outdateAll();
          reader.refresh({ attached: true, units: true });
          if (reading) void learnHost();
        },
      }),
      bus.onLink(() => {
        if (!isUp()) seenAt = bus.link.since;
        publish([]);
      }),
      engine.onLink(() => {
        if (isEngineUp()) for (const request of requests) request.startAgain();
        publish(isEngineUp() ? "all" : []);
      }),
      inspections.onChange(publishOne),
      rehearsals.onChange(publishOne),
      deployments.onChange((service) => {
        const code = service === null ? undefined : deployments.last(service)?.message?.code;
        if (code?.startsWith("portabled-") && code !== news.noPortabled) void learnHost();
        publish(service === null ? "all" : [service]);
      }),
    );
  }

  function isUp(): boolean {
    return bus.link.state === "up";
  }

  async function readUnits(): Promise<void> {
    if (!isUp()) return;
    try {
      const { names, patterns } = book;
      const none = Promise.resolve([]);
      const answers = await Promise.all([
        names.length > 0 ? systemd.unitStates(names) : none,
        patterns.length > 0 ? systemd.unitsByPatterns(patterns) : none,
      ]);
      book.fill(answers.flat());
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      clearTimeout(retry);
      retry = setTimeout(() => isUp() && reader.refresh({ units: true }), RETRY_MS);
      retry.unref();
    }
  }

  async function learnHost(): Promise<void> {
    if (!isUp()) return;
    news = await askHost(systemd, news);
    publish("all");
  }

  /** All that a snapshot tells beside the services. */
  function whole() {
    const { hostName: name } = options;
    return {
      host: { name, systemdVersion: news.systemdVersion, searched: reading?.searched ?? [] },
      bus: bus.link,
      engine: engine.link,
      missing: missingParts(bus.link, engine.link, news),
      findings: reading?.findings ?? [],
    };
  }

  /** Shows what is new of the named services; a service without news stays the same object. */
  function publish(names: Iterable<string> | "all"): void {
    const now = reading;
    if (!now) return;
    const changed = [...(names === "all" ? now.services.keys() : new Set(names))].flatMap(
      (name) => join(name, now) ?? [],
    );
    for (const service of changed) {
      services.set(service.name, service);
      details.outdate(service.name);
    }
    const removed = [...services.keys()].filter((name) => !now.services.has(name));
    for (const name of removed) {
      services.delete(name);
      details.forget(name);
      for (const request of requests) request.forget(name);
    }
    if (changed.length > 0 || removed.length > 0) sorted = [...services.values()].sort(compareServices);
    const showing = whole();
    const isWholeNew = !isDeepStrictEqual(showing, shown);
    if (changed.length === 0 && removed.length === 0 && !isWholeNew) return;
    shown = showing;
    revision++;
    for (const listener of [...listeners]) listener({ revision, changed, removed, hostChanged: isWholeNew });
  }

  /** The service as it is now; `null` when nothing is new. */
  function join(name: string, now: Reading): Service | null {
    const found = now.services.get(name);
    if (!found) return null;
    const files = {
      ...found,
      versions: withFindings(
        found.versions,
        ({ path, stamp }) => ({
          inspection: inspections.get(path, stamp),
          rehearsal: rehearsals.get(path, stamp),
        }),
        joined,
      ),
    };
    const units = book.rows(unitFiles(files), now.enabled);
    const past = {
      marks: deployments.marks(name),
      ranBefore: deployments.ranBefore(name),
      journalFiles: starts.of(units),
    };
    for (const request of requests) request.consider(name, targetFacts(files, past));
    const service = joinService(files, {
      ...past,
      units,
      freeze: deployments.freeze(name),
      running: deployments.running(name),
      last: deployments.last(name),
      drift: deployments.drift(name),
      systemdMajor: majorOf(news.systemdVersion),
    });
    return isDeepStrictEqual(service, services.get(name)) ? null : service;
  }
}

async function noStarts() {
  return new Map<string, readonly string[]>();
}
