import { basename } from "node:path";
import { labelOf } from "@/lib/deploy/ground";
import type { Deployment, VersionRef } from "@/lib/deploy/types";
import type { Deed } from "@/lib/drift/deeds";
import { createTracker, type TrackerOptions } from "@/lib/drift/tracker";
import type { DeployedState, Drift } from "@/lib/drift/types";
import type { Reply } from "@/lib/engine/interface";
import { AppError } from "@/lib/errors";
import { readBootId } from "@/lib/systemd/boot-id";
import type { JournalTrace, readTrace } from "@/lib/systemd/journal-trace";

/** How long before portabled wrote its files somebody may have asked for it, ms. */
const BEFORE_MS = 5000;
const NO_TRACE: JournalTrace = { lines: [], by: null };

/** Who did it where nothing tells. */
const UNKNOWN = "unknown";

export interface OutsideOptions
  extends Omit<TrackerOptions, "boot" | "isOurs" | "watchedImage" | "isBusy" | "done"> {
  readonly trace: typeof readTrace;
  /** The id of the next entry in the history. */
  readonly newId: () => string;
  readonly underWay: () => readonly Deployment[];
  /** Puts an entry into the history and tells of it. */
  readonly record: (deployment: Deployment) => void;
}

/** The engine's eye on what others do: it tells their deeds from its own and writes them down. */
export function createOutside(options: OutsideOptions) {
  const { trace, underWay, record, newId } = options;
  const tracker = createTracker({
    ...options,
    boot: readBootId(),
    isOurs: (service) =>
      underWay().some((one) => one.service === service || repairedBy(one).includes(service)),
    watchedImage: (service) =>
      underWay().find((one) => one.service === service && isWatched(one))?.to?.path ?? null,
    isBusy: () => underWay().some(({ phase }) => phase === "switching" || phase === "going-back"),
    done(service, deed, at) {
      recordDeed(service, deed, at, newId(), trace).then(record, (error: unknown) =>
        console.error("what others did is not on record:", error),
      );
    },
  });

  return {
    /** `ended`: deployments of an earlier life that may have ended without being noted. */
    start: (ended: readonly Deployment[]) => tracker.start(ended.flatMap(changedBy)),
    drift: (service: string): Drift | null => tracker.tracked(service)?.drift ?? null,
    /** After a deployment of ours: what it left behind is what is deployed, unless it changed nothing or others came after it. */
    async settle(last: Deployment): Promise<void> {
      if (isOvertaken(last)) tracker.handOver(last.service);
      for (const service of changedBy(last))
        await tracker
          .settle(service)
          .catch((error: unknown) => console.error("what is deployed was not noted:", error));
    },
    /** Services are free again, so that what others did to them meanwhile can be told from ours. */
    look: tracker.look,
    async adopt(service: string, shown: number, by: string): Promise<Reply<"Adopt">> {
      const adopted = await tracker.adopt(service, shown);
      if (!adopted.ok) return { ok: false, error: adopted.refusal };
      const deployment = recordAdoption(service, adopted.now, by, adopted.drift.differences.length, newId());
      record(deployment);
      return { ok: true, value: { id: deployment.id } };
    },
  };
}

/** Services whose files a deployment may have changed. */
function changedBy(deployment: Deployment): string[] {
  const { outcome, kind, service } = deployment;
  const isUnchanged = outcome === "refused" || outcome === "cancelled" || kind === "restart";
  return [...(isUnchanged || isOvertaken(deployment) ? [] : [service]), ...repairedBy(deployment)];
}

/** Others changed meanwhile what it had attached: what is there now is their doing. */
function isOvertaken({ message }: Deployment): boolean {
  return message?.code === "changed-meanwhile";
}

/** Its files are in place, and it only looks whether the version stays up. */
function isWatched({ kind, phase }: Deployment): boolean {
  return kind !== "restart" && (phase === "settling" || phase === "trial");
}

/** portabled may hit other services than the one that was named; what was put back of them is our doing. */
function repairedBy({ steps }: Deployment): string[] {
  return steps.flatMap(({ name, params }) => (name === "repair" ? [String(params.service)] : []));
}

/** The entry in the history for what somebody did outside, with what the journal knows of it. `at` in ms since 1970. */
async function recordDeed(
  service: string,
  deed: Deed,
  at: number,
  id: string,
  trace: typeof readTrace,
): Promise<Deployment> {
  const { from, to, kind, message } = deed;
  const files = [from?.path, to?.path, message.params.file].flatMap((file) =>
    file === undefined ? [] : [basename(String(file))],
  );
  const found = await trace({
    sinceMs: at - BEFORE_MS,
    untilMs: Date.now(),
    names: [...new Set(files)],
  }).catch((error: unknown) => {
    if (!(error instanceof AppError)) throw error;
    return NO_TRACE;
  });
  return {
    ...finished(id, at),
    service,
    kind,
    origin: "outside",
    from: from && refOf(from),
    to: to && refOf(to),
    profile: to?.profile ?? null,
    location: (to ?? from)?.location ?? null,
    by: found.by ?? UNKNOWN,
    message,
    log: found.lines,
  };
}

/** The entry in the history for a difference that somebody has accepted. */
function recordAdoption(
  service: string,
  now: DeployedState | null,
  by: string,
  differences: number,
  id: string,
): Deployment {
  const ref = now && refOf(now);
  return {
    ...finished(id, Date.now()),
    service,
    kind: "adopt",
    origin: "attache",
    from: ref,
    to: ref,
    profile: now?.profile ?? null,
    location: now?.location ?? null,
    by,
    message: { code: "adopted", params: { count: differences } },
    log: [],
  };
}

function finished(id: string, at: number) {
  return {
    id,
    reason: "",
    requestedAt: at,
    startedAt: null,
    finishedAt: at,
    startsAt: null,
    trialMs: null,
    batch: null,
    endsAt: null,
    phase: "finished",
    outcome: "succeeded",
    steps: [],
  } as const;
}

function refOf({ path, image }: DeployedState): VersionRef {
  const { size, mtimeMs } = image?.stamp ?? { size: 0, mtimeMs: 0 };
  return { label: labelOf(path), path, size, mtimeMs, sha256: null };
}
