import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { type Images, isSameImages } from "@/lib/deploy/attach";
import type { Armed } from "@/lib/deploy/dead-man";
import { readAttachment } from "@/lib/deploy/ground";
import type { Host } from "@/lib/deploy/host";
import { type Record, Setback } from "@/lib/deploy/record";
import type { Message } from "@/lib/errors";
import type { Attachment } from "@/lib/services/types";

/** A reattach takes files away for up to a quarter of a second: what differs has to stay so for this long, ms. */
const QUIET_MS = 300;
const MOST_LOOKS = 5;
/** `portablectl detach --now` stops the units first, and detaches as soon as they have stopped, ms. */
const AFTER_STOP_MS = 1500;

/** What a version that is up and watched was attached as, and the timer of PID 1 that may yet put another one back. */
export interface Watched {
  readonly host: Host;
  readonly service: string;
  readonly images: Images;
  readonly armed: Armed | null;
}

/** Throws a `Setback` where others have attached something else meanwhile, or detached it. */
export async function notOvertaken(watched: Watched): Promise<void> {
  const now = await readAttachment(watched.host, watched.service);
  if (isStill(now, watched)) return;
  const change = await confirmed(watched);
  if (change) throw new Setback(change);
}

/**
 * Ends the record where others have changed what is attached: theirs is the
 * later word, so the host is left as it is and nobody goes back. `cause` is what
 * made one look. `false`: it is as it was attached, or PID 1 was at work.
 */
export async function endOvertaken(record: Record, watched: Watched, cause: unknown): Promise<boolean> {
  const end = performance.now() + (isCleanStop(cause) ? AFTER_STOP_MS : 0);
  let now = await readAttachment(watched.host, watched.service);
  while (isStill(now, watched) && performance.now() < end) {
    await sleep(QUIET_MS);
    now = await readAttachment(watched.host, watched.service);
  }
  const change = isStill(now, watched) ? null : await confirmed(watched);
  if (!change) return false;
  if (watched.armed && !(await watched.armed.callOff())) return false;
  record.finish("needs-person", change);
  return true;
}

/** What is attached instead, by two looks that agree; in between no deployment puts back what portabled took of others. */
async function confirmed(watched: Watched): Promise<Message | null> {
  const { host, service, armed } = watched;
  const look = () => host.exclusive(() => readAttachment(host, service));
  let now = await look();
  for (let looks = 1; looks < MOST_LOOKS; looks++) {
    await sleep(QUIET_MS);
    const before = now;
    now = await look();
    if (isDeepStrictEqual(now, before)) break;
  }
  // PID 1 says so before it changes a file.
  if (isStill(now, watched) || armed?.hasFired()) return null;
  const attached = now ? [now.path, ...now.extensions].join(", ") : "";
  return { code: "changed-meanwhile", params: { now: attached } };
}

function isStill(now: Attachment | null, { images }: Watched): boolean {
  return now !== null && isSameImages(now, images);
}

function isCleanStop(cause: unknown): boolean {
  return (
    cause instanceof Setback && cause.why.code === "unit-stopped" && cause.why.params.result === "success"
  );
}
