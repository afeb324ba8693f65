import { type AttachedFiles, damagedServices, readAttachedFiles } from "@/lib/deploy/collateral";
import { readAttachment } from "@/lib/deploy/ground";
import type { Host } from "@/lib/deploy/host";
import { type Record, Setback } from "@/lib/deploy/record";
import type { Step } from "@/lib/deploy/types";
import { AppError } from "@/lib/errors";
import { readAttachments } from "@/lib/services/attached";
import type { Attachment } from "@/lib/services/types";
import type { AttachOptions } from "@/lib/systemd/types";

const TRIES = 3;

/** What a switch of files did: the attachment as it is now, and the service's own files before and after. */
export interface Switched {
  readonly attachment: Attachment;
  readonly before: AttachedFiles;
  readonly after: AttachedFiles;
}

/**
 * Makes `file` the attached image of a service, whatever is attached now, and
 * proves it by portabled's files rather than by its reply: reattach is not
 * atomic, and a reply can be lost. Going `back` it tries again from wherever
 * the last try has left the host; forward it throws the first failure. Nothing
 * is changed before `ready`.
 */
export async function attachImage(
  host: Host,
  record: Record,
  service: string,
  file: string,
  options: AttachOptions,
  direction: Step["direction"],
  ready: Promise<void> = Promise.resolve(),
): Promise<Switched> {
  return guarded(host, record, service, direction, ready, async (before, found) => {
    await record.step(
      "attach",
      direction,
      async () => {
        for (let attempt = 1; ; attempt++) {
          try {
            const now = attempt === 1 ? found : await readAttachment(host, service);
            const force = options.force === true || (direction === "back" && attempt > 1);
            if (now && now.location === options.location) await host.systemd.reattachImage(file, options);
            else await host.systemd.attachImage(file, { ...options, force });
            return;
          } catch (error) {
            if (isOutcomeUnknown(error)) await untilIdle(host);
            if ((await readAttachment(host, service))?.path === file && isOutcomeUnknown(error)) return;
            if (direction === "forward" || attempt === TRIES) throw error;
          }
        }
      },
      { path: file },
    );
    const attachment = await readAttachment(host, service);
    if (attachment?.path !== file) throw new Setback({ code: "not-attached-after", params: { path: file } });
    return { attachment, before, after: await readAttachedFiles(host.paths, [attachment]) };
  });
}

/** Detaches whatever image of the service is attached; `file` must exist, and only its stem counts. */
export async function detachImage(
  host: Host,
  record: Record,
  attachment: Attachment,
  file: string,
  direction: Step["direction"],
): Promise<void> {
  await guarded(host, record, attachment.service, direction, Promise.resolve(), async () => {
    await record.step("detach", direction, async () => {
      try {
        await host.systemd.detachImage(file, attachment.location);
      } catch (error) {
        if (isOutcomeUnknown(error)) await untilIdle(host);
        if ((await readAttachment(host, attachment.service)) !== null) throw error;
      }
    });
  });
}

/** Does one change of portabled's with every other service's files under watch, and puts back what it took of them. */
async function guarded<T>(
  host: Host,
  record: Record,
  service: string,
  direction: Step["direction"],
  ready: Promise<void>,
  change: (own: AttachedFiles, found: Attachment | null) => Promise<T>,
): Promise<T> {
  return host.exclusive(async () => {
    const { attachments } = await readAttachments(host.paths);
    const others = attachments.filter((one) => one.service !== service);
    const found = attachments.find((one) => one.service === service) ?? null;
    const [own, before] = await Promise.all([
      readAttachedFiles(host.paths, found ? [found] : []),
      readAttachedFiles(host.paths, others),
      ready,
    ]);
    try {
      return await change(own, found);
    } finally {
      const after = await record.step("compare", direction, () => readAttachedFiles(host.paths, others), {
        services: others.length,
      });
      for (const damaged of damagedServices(before, after, others))
        await record.step("repair", direction, () => repair(host, damaged), { service: damaged.service });
    }
  });
}

/** Attaches a service again whose files were taken; forced, since its units still run. Its process is not touched. */
async function repair(host: Host, attachment: Attachment): Promise<void> {
  const stems = new Set(attachment.units.map((unit) => unit.replace(/@?\.[a-z]+$/, "")));
  const declared = await declaredPrefixes(host, attachment, [...stems]);
  await host.systemd.attachImage(attachment.path, {
    matches: declared.length > 0 ? declared : [...stems],
    profile: attachment.profile ?? "default",
    location: attachment.location,
    force: true,
  });
}

async function declaredPrefixes(
  host: Host,
  attachment: Attachment,
  stems: readonly string[],
): Promise<readonly string[]> {
  const { osRelease } = await host.systemd.getImageMetadata(attachment.path, stems);
  const line = /^PORTABLE_PREFIXES=["']?([^"'\n]*)/m.exec(osRelease);
  return line?.[1]?.split(/\s+/).filter(Boolean) ?? [];
}

/** The reply was lost, so the call may have worked. `NoReply`: portabled died over it. */
function isOutcomeUnknown(error: unknown): boolean {
  if (!(error instanceof AppError)) return false;
  return (
    error.code === "bus-unreachable" ||
    error.code === "timed-out" ||
    String(error.params.name ?? "").endsWith(".NoReply")
  );
}

/** portabled answers one call after the other, so an answer to a cheap one means that the lost one is over. */
async function untilIdle(host: Host): Promise<void> {
  await host.systemd.profiles().catch((error: unknown) => {
    if (!(error instanceof AppError)) throw error;
  });
}
