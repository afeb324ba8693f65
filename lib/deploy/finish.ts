import type { Images, Switched } from "@/lib/deploy/attach";
import { bringUp, sentBack, wantedAfterSwitch } from "@/lib/deploy/bring-up";
import { type Armed, callOff, untilFired } from "@/lib/deploy/dead-man";
import { syncAttached } from "@/lib/deploy/durable";
import { goBack } from "@/lib/deploy/go-back";
import { readAttachment } from "@/lib/deploy/ground";
import { type Intent, uptimeMs, type WayBack } from "@/lib/deploy/intent";
import { settle } from "@/lib/deploy/look-again";
import { ignoreOutage } from "@/lib/deploy/outage";
import { endOvertaken, notOvertaken, type Watched } from "@/lib/deploy/overtaken";
import { Setback } from "@/lib/deploy/record";
import type { Run } from "@/lib/deploy/run";
import { seeUnits, watchSettle } from "@/lib/deploy/settle";
import type { Message } from "@/lib/errors";
import { readBootId } from "@/lib/systemd/boot-id";

/** How long a person has to decide where the probes could not, ms. */
const UNDECIDED_MS = 15 * 60_000;
/** A trial may take long: looked at less often, ms. */
const TRIAL_LOOK_MS = 1000;
/** At its end the engine itself goes back; PID 1 does where it has not by then, ms. */
const TRIAL_MARGIN_MS = 3000;

/**
 * Finishes a switch whose files are in place: reload, restart what ran, look
 * again, and where it was asked for, wait whether someone keeps it; nothing is
 * restarted before `rehearsed`, whose failure goes back too. Recovery enters
 * here. Never throws: what does not work out goes back.
 */
export async function finishSwitch(
  given: Run,
  intent: Intent,
  wayBack: WayBack,
  switched: Switched,
  armed: Armed | null,
  rehearsed: Promise<void> = Promise.resolve(),
): Promise<void> {
  const run = { ...given, record: untilFired(given.record, armed) };
  const { host, record, plan } = run;
  const watched = { host, service: plan.service, images: switched.attachment, armed };
  try {
    const wanting = wantedAfterSwitch(host, switched, wayBack);
    wanting.catch(() => undefined); // it is thrown after the reload
    await bringUp(host, record, wanting, switched.attachment.location, "forward", {
      signal: run.back,
      turn: run.turn,
      rehearsed,
    });
    const wanted = await wanting;
    record.update({ phase: "settling" });
    const settled = await settle(host, record, wanted.watch, "forward", run.back);
    // Mixed answers are for a person, who has as long as a trial for it.
    const isUndecided = settled.verdict === "undecided";
    const trialMs = record.current.trialMs ?? (isUndecided ? UNDECIDED_MS : null);
    if (trialMs !== null) {
      run.turn?.end(isUndecided ? "undecided" : "good"); // the others of its batch do not wait for a person
      record.update({ message: settled.message });
      const trialEnds = uptimeMs() + trialMs;
      const onTrial = await seeUnits(host.systemd, wanted.watch);
      const trial = { stage: "trial", trialEnds, trialBoot: readBootId(), onTrial } as const;
      await standTrial(run, { ...intent, ...trial }, watched);
    } else await succeed(run, wanted.watch, watched, settled.message);
  } catch (error) {
    await rehearsed.catch(() => undefined); // its step must not end behind the end of the record
    if (await endOvertaken(record, watched, error)) return;
    await goBack(given, intent, wayBack, error, armed);
  }
}

/** Goes on with a trial of `images` that an earlier life of the engine began: what fell meanwhile counts. Never throws. */
export async function resumeTrial(
  given: Run,
  intent: Intent,
  wayBack: WayBack,
  images: Images,
  armed: Armed | null,
): Promise<void> {
  const run = { ...given, record: untilFired(given.record, armed) };
  const watched = { host: run.host, service: run.plan.service, images, armed };
  try {
    await standTrial(run, intent, watched);
  } catch (error) {
    if (await endOvertaken(run.record, watched, error)) return;
    await goBack(given, intent, wayBack, error, armed);
  }
}

async function standTrial(run: Run, intent: Intent, watched: Watched): Promise<void> {
  const { host, record, back, keep } = run;
  const { onTrial = [], trialBoot } = intent;
  const watch = onTrial.map(({ unit }) => unit);
  const isThisBoot = trialBoot === undefined || trialBoot === readBootId(); // PID 1 goes back at a boot; where it could not, the trial is over
  const leftMs = isThisBoot ? Math.max(0, (intent.trialEnds ?? 0) - uptimeMs()) : 0;
  record.update({ phase: "trial", endsAt: Date.now() + leftMs });
  await run.intents.write({ ...intent, deployment: record.current });
  await watched.armed?.holdFor(leftMs + TRIAL_MARGIN_MS);
  await record.step("trial", "forward", async () => {
    const either = AbortSignal.any([back, keep]);
    const fall = await watchSettle(host.systemd, watch, leftMs, either, {
      everyMs: TRIAL_LOOK_MS,
      isEndFixed: true,
      since: onTrial,
      alsoLook: () => notOvertaken(watched),
    });
    if (fall) throw new Setback(fall.message, fall);
    if (back.aborted) throw sentBack(back);
    if (!keep.aborted) throw new Setback({ code: "trial-over", params: {} });
  });
  await watched.armed?.resume().catch(ignoreOutage); // it is at its end, and the disk may take its time
  await succeed(run, watch, watched);
}

async function succeed(
  { host, record, plan, back, keep }: Run,
  watch: readonly string[],
  watched: Watched,
  doubt: Message | null = null,
): Promise<void> {
  const now = await readAttachment(host, plan.service);
  if (now) await syncAttached(host.paths, now);
  await notOvertaken(watched);
  await callOff(watched.armed, back);
  const version = plan.to?.label ?? "";
  const proven = { code: watch.length > 0 ? "stays-up" : "nothing-ran", params: { version } };
  const kept = { code: "kept", params: { version, by: String(keep.reason) } };
  record.finish("succeeded", keep.aborted ? kept : (doubt ?? proven));
}
