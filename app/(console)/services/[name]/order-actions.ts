"use server";

import { refresh } from "next/cache";
import {
  FREEZES,
  FreezeService,
  HealthService,
  LiftMark,
  MarkVersion,
  UnfreezeService,
} from "@/app/(console)/services/[name]/order-schemas";
import type { Answer } from "@/components/answer";
import { type HealthAnswer, readTyped, type TypedHealth, toHealth } from "@/components/health-text";
import { type ActionResult, defineAction } from "@/lib/action";
import { type Health, HealthSchema, type ProbeAnswer } from "@/lib/health/types";
import { live } from "@/lib/live";

/** Tries or saves what a version has to show; saving wants what was tried just before, whatever came of it. */
export async function setHealth(previous: HealthAnswer | null, form: FormData): Promise<HealthAnswer> {
  const typed = readTyped(form);
  const same = { typed, tried: null, answers: [], error: null, isSaved: false };
  const read = toHealth(typed);
  if ("error" in read) return { ...same, error: read.error };
  const checked = HealthSchema.safeParse(read.health);
  if (!checked.success) return { ...same, error: { code: "health-numbers", params: {} } };
  const { health } = read;
  const text = JSON.stringify(health);
  const needsTry = health.probes.length > 0 && previous?.tried !== text;
  if (form.get("do") === "save" && needsTry) return { ...same, error: { code: "try-first", params: {} } };
  const before = previous?.tried === text ? previous : null;
  const result =
    form.get("do") === "save" ? await saveHealth(health)(null, form) : await tryHealth(health)(null, form);
  if (!result.ok) {
    // There is nobody to ask while it is stopped, and then that is what the try has shown.
    const wasTried = result.error.code === "not-running" || before !== null;
    return { ...same, tried: wasTried ? text : null, answers: before?.answers ?? [], error: result.error };
  }
  const answers = result.value === null ? (before?.answers ?? []) : byNumber(typed, result.value);
  return { ...same, tried: text, answers, isSaved: result.value === null };
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

function tryHealth(health: Health) {
  return defineAction(HealthService, async ({ service }): Promise<readonly ProbeAnswer[] | null> => {
    const { answers } = await live().engine("TryHealth", { service, health: mutable(health) });
    return answers;
  });
}

function saveHealth(health: Health) {
  return defineAction(HealthService, async ({ service }, actor): Promise<readonly ProbeAnswer[] | null> => {
    await live().engine("SetHealth", { service, health: mutable(health), by: actor.name });
    refresh();
    return null;
  });
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

function mutable({ settleMs, probes }: Health) {
  return { settleMs, probes: [...probes] };
}
