import path from "node:path";
import { type AttachedFiles, damagedServices, readAttachedFiles } from "@/lib/deploy/collateral";
import { readAttachment } from "@/lib/deploy/ground";
import type { Host } from "@/lib/deploy/host";
import type { Choice } from "@/lib/deploy/matches";
import { layeringOf } from "@/lib/deploy/open-images";
import { type Record, Setback } from "@/lib/deploy/record";
import type { Step } from "@/lib/deploy/types";
import { AppError, type Message } from "@/lib/errors";
import { isNoReply } from "@/lib/images/inspect";
import { parseOsRelease, portablePrefixes } from "@/lib/images/os-release";
import { readAttachments } from "@/lib/services/attached";
import type { Attachment } from "@/lib/services/types";
import type { AttachOptions, Change, Layering } from "@/lib/systemd/types";

const TRIES = 3;

/** What is to be attached, and how. */
export interface Attaching {
  readonly service: string;
  readonly file: string;
  readonly layering: Layering;
  readonly choice: Choice;
  readonly profile: string;
  readonly location: AttachOptions["location"];
}

/** What a switch of files did: the attachment as it is now, and digests of its files. */
export interface Switched {
  readonly attachment: Attachment;
  readonly files: AttachedFiles;
  /** Units that run the new image already, after an engine's death. */
  readonly done?: ReadonlySet<string>;
}

/**
 * Makes a file the attached image of a service, whatever is attached now, and
 * proves it by portabled's files rather than by its reply: reattach is not
 * atomic, portabled may die over it, and a reply can be lost. Going `back` it
 * tries again from wherever the last try has left the host; forward it throws
 * the first failure. Nothing is changed before `ready`.
 */
export async function attachImage(
  host: Host,
  record: Record,
  wanted: Attaching,
  direction: Step["direction"],
  ready: Promise<unknown> = Promise.resolve(),
): Promise<Switched> {
  const { service, file, layering, choice, profile, location } = wanted;
  const options = { matches: choice.matches, profile, location, layering };
  return guarded(host, record, service, direction, ready, async (found) => {
    let changes: readonly Change[] | null = null;
    const attachment = await record.step(
      "attach",
      direction,
      async () => {
        for (let attempt = 1; ; attempt++) {
          const now = attempt === 1 ? found : await readAttachment(host, service);
          let lost: unknown = null;
          try {
            changes = await switchFiles(host, now, file, options, direction === "back" || attempt > 1);
          } catch (error) {
            if (!isOutcomeUnknown(error) && (direction === "forward" || attempt === TRIES)) throw error;
            lost = error;
            await untilIdle(host);
          }
          const after = await readAttachment(host, service);
          if (after && isWhole(after, { path: file, extensions: layering.extensions }, choice.units))
            return after;
          if (direction === "forward" || attempt === TRIES)
            throw lost ?? new Setback(incomplete(after, wanted));
        }
      },
      { path: file, ...(layering.extensions.length > 0 ? { layers: layering.extensions.join(", ") } : {}) },
    );
    return { value: { attachment, files: await readAttachedFiles(host.paths, [attachment]) }, changes };
  });
}

/** Image files that are, or are to be, attached together. */
export type Images = Pick<Attachment, "path" | "extensions">;

/** Whether both are the same files in the same order. */
export function isSameImages(a: Images, b: Images): boolean {
  return [a.path, ...a.extensions].join("\0") === [b.path, ...b.extensions].join("\0");
}

/** Whether exactly this is attached: the right files, with every unit that was asked for. */
export function isWhole(now: Attachment | null, images: Images, units: readonly string[]): boolean {
  return now !== null && isSameImages(now, images) && units.every((unit) => now.units.includes(unit));
}

/** Detaches whatever image of the service is attached; the files must exist, and only their stems and their order count. */
export async function detachImage(
  host: Host,
  record: Record,
  attachment: Attachment,
  { path: file, extensions }: Images,
  direction: Step["direction"],
): Promise<void> {
  await guarded(host, record, attachment.service, direction, Promise.resolve(), async () => {
    const changes = await record.step("detach", direction, async () => {
      try {
        return await host.systemd.detachImage(file, attachment.location, extensions);
      } catch (error) {
        if (isOutcomeUnknown(error)) await untilIdle(host);
        if ((await readAttachment(host, attachment.service)) !== null) throw error;
        return null;
      }
    });
    return { value: undefined, changes };
  });
}

/** portabled answers one call after the other, so an answer to a cheap one means that an earlier one is over. */
export async function untilIdle(host: Host): Promise<void> {
  await host.systemd.profiles().catch((error: unknown) => {
    if (!(error instanceof AppError)) throw error;
  });
}

/**
 * One call, by what is attached now: a reattach keeps the process, an attach
 * over left-overs has to be forced. A reattach finds only what has as many
 * extensions, of the same stems in the same order.
 */
async function switchFiles(
  host: Host,
  now: Attachment | null,
  file: string,
  options: AttachOptions,
  force: boolean,
): Promise<readonly Change[]> {
  if (!now || now.location !== options.location) return host.systemd.attachImage(file, { ...options, force });
  const { removed, updated } = await host.systemd.reattachImage(file, options);
  return [...removed, ...updated];
}

function incomplete(now: Attachment | null, { file, layering, choice }: Attaching): Message {
  const isIt = now !== null && isSameImages(now, { path: file, extensions: layering.extensions });
  const missing = choice.units.filter((unit) => !isIt || !now.units.includes(unit));
  return { code: "incomplete", params: { path: file, missing: missing.join(", ") } };
}

/**
 * Does one change of portabled's with every other service's files under watch,
 * and puts back what it took of them, of each as far as it can be done. Where
 * its reply says what it touched, only that is ours to mend: the rest somebody
 * else did at the same moment.
 */
async function guarded<T>(
  host: Host,
  record: Record,
  service: string,
  direction: Step["direction"],
  ready: Promise<unknown>,
  change: (found: Attachment | null) => Promise<{ value: T; changes: readonly Change[] | null }>,
): Promise<T> {
  return host.exclusive(async () => {
    const { attachments } = await readAttachments(host.paths);
    const others = attachments.filter((one) => one.service !== service);
    const found = attachments.find((one) => one.service === service) ?? null;
    const [before] = await Promise.all([readAttachedFiles(host.paths, others), ready]);
    const [changed] = await Promise.allSettled([change(found)]);
    const [mended] = await Promise.allSettled([mendOthers(changed)]);
    if (changed.status === "rejected") throw changed.reason; // the cause; what could not be mended has its step
    if (mended.status === "rejected") throw mended.reason;
    return changed.value.value;

    async function mendOthers(made: typeof changed): Promise<void> {
      const changes = made.status === "fulfilled" ? made.value.changes : null;
      const touched = changes && new Set(changes.map((one) => path.basename(one.path)));
      const after = await record.step("compare", direction, () => readAttachedFiles(host.paths, others), {
        services: others.length,
      });
      const damaged = damagedServices(before, after, others).filter(
        (one) => touched === null || one.units.some((unit) => touched.has(unit)),
      );
      const failures: unknown[] = [];
      for (const one of damaged)
        await record
          .step("repair", direction, () => repair(host, one), { service: one.service })
          .catch((error: unknown) => failures.push(error));
      if (failures.length > 0) throw failures[0];
    }
  });
}

/** Attaches a service again whose files were taken; forced, since its units still run. Its process is not touched. */
async function repair(host: Host, attachment: Attachment): Promise<void> {
  const stems = [...new Set(attachment.units.map((unit) => unit.replace(/@?\.[a-z]+$/, "")))];
  const layering = layeringOf(attachment);
  const opened = await host.systemd.getImageMetadata(attachment.path, stems, layering);
  const releases = [opened.osRelease, ...Object.values(opened.extensionReleases ?? {})];
  const declared = [...new Set(releases.flatMap((text) => portablePrefixes(parseOsRelease(text))))];
  await host.systemd.attachImage(attachment.path, {
    matches: declared.length > 0 ? declared : stems,
    profile: attachment.profile ?? "default",
    location: attachment.location,
    layering,
    force: true,
  });
}

/** The reply was lost, so the call may have worked. */
function isOutcomeUnknown(error: unknown): boolean {
  if (!(error instanceof AppError)) return false;
  return error.code === "bus-unreachable" || error.code === "timed-out" || isNoReply(error);
}
