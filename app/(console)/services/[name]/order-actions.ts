"use server";

import { refresh } from "next/cache";
import {
  FREEZES,
  FreezeService,
  LiftMark,
  MarkVersion,
  SetHealth,
  UnfreezeService,
} from "@/app/(console)/services/[name]/order-schemas";
import type { Answer } from "@/components/answer";
import {
  type HealthAnswer,
  isSameHealth,
  readTyped,
  type TypedHealth,
  toHealth,
  triedText,
} from "@/components/health-text";
import { type ActionResult, defineAction } from "@/lib/action";
import { AppError, type Message } from "@/lib/errors";
import { HealthSchema, type ProbeAnswer } from "@/lib/health/types";
import { live } from "@/lib/live";

/** Tries or saves what a version has to show. Nothing is read, judged or done before the session is asked for; the rest is the form drawn again. */
export async function setHealth(previous: HealthAnswer | null, form: FormData): Promise<HealthAnswer> {
  const result = await health(null, form);
  const typed = readTyped(form);
  const answers = isSameHealth(previous?.typed, typed) ? (previous?.answers ?? []) : [];
  if (result.ok) {
    const { tried, answers: fresh, isSaved } = result.value;
    return { typed, tried, answers: fresh === null ? answers : byNumber(typed, fresh), error: null, isSaved };
  }
  // There is nobody to ask while it is stopped, and then that is what the try has shown.
  const tried = result.error.code === "not-running" ? triedText(typed) : (previous?.tried ?? null);
  return { typed, tried, answers, error: result.error, isSaved: false };
}

export async function liftMark(_previous: Answer | null, form: FormData): Promise<Answer> {
  return answer(form, await lift(null, form));
}

export async function markVersion(_previous: Answer | null, form: FormData): Promise<Answer> {
  return answer(form, await mark(null, form));
}

export async function freezeService(_previous: Answer | null, form: FormData): Promise<Answer> {
  return answer(form, await freeze(null, form));
}

export async function unfreezeService(_previous: Answer | null, form: FormData): Promise<Answer> {
  return answer(form, await unfreeze(null, form));
}

/**
 * Saving wants what was tried just before, whatever came of it. That it was is
 * the one thing taken from the browser (`tried`): it spares a try and gives no
 * right, since whoever may save may also try, and the engine asks for none.
 */
const health = defineAction(SetHealth, async ({ service, do: wish, tried, typed }, actor): Promise<Done> => {
  const health = healthOf(typed);
  const text = triedText(typed);
  if (wish === "try") {
    const { answers } = await live().engine("TryHealth", { service, health });
    return { tried: text, answers, isSaved: false };
  }
  if (health.probes.length > 0 && tried !== text) throw refused({ code: "try-first", params: {} });
  await live().engine("SetHealth", { service, health, by: actor.name });
  refresh();
  return { tried: text, answers: null, isSaved: true };
});

interface Done {
  readonly tried: string | null;
  /** `null`: nothing was tried now. */
  readonly answers: readonly ProbeAnswer[] | null;
  readonly isSaved: boolean;
}

function healthOf(typed: TypedHealth) {
  const read = toHealth(typed);
  if ("error" in read) throw refused(read.error);
  const checked = HealthSchema.safeParse(read.health);
  if (!checked.success) throw refused({ code: "health-numbers", params: {} });
  return checked.data;
}

function refused({ code, params }: Message): AppError {
  return new AppError("refused", { ...params, refusal: code });
}

const lift = defineAction(LiftMark, async ({ target, reason }, actor) => {
  const { service, version } = target;
  await live().engine("LiftMark", { service, version, reason, by: actor.name });
  refresh();
});

const mark = defineAction(MarkVersion, async ({ target: { service }, version, reason }, actor) => {
  await live().engine("Mark", { service, version, reason, by: actor.name });
  refresh();
});

const freeze = defineAction(FreezeService, async ({ target: { service }, reason, length }, actor) => {
  const ms = FREEZES.find(([name]) => name === length)?.[1] ?? null;
  const until = ms === null ? null : Date.now() + ms;
  await live().engine("Freeze", { service, reason, until, by: actor.name });
  refresh();
});

const unfreeze = defineAction(UnfreezeService, async ({ target: { service }, reason }, actor) => {
  await live().engine("Unfreeze", { service, reason, by: actor.name });
  refresh();
});

function answer(form: FormData, result: ActionResult<void>): Answer {
  return { target: String(form.get("target") ?? ""), id: null, error: result.ok ? null : result.error };
}

/** The engine answers for the probes that there are; the form has empty ones in between. */
function byNumber(typed: TypedHealth, answers: readonly ProbeAnswer[]): readonly (ProbeAnswer | null)[] {
  let next = 0;
  return typed.probes.map(({ address }) => (address === "" ? null : (answers[next++] ?? null)));
}
