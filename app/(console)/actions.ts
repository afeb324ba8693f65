"use server";

import { refresh } from "next/cache";
import { redirect } from "next/navigation";
import {
  AdoptChanges,
  CancelDeployment,
  DeployMany,
  DeployVersion,
  DetachService,
  RehearseVersion,
  RestartUnit,
  RestoreService,
  SetReason,
} from "@/app/(console)/schemas";
import type { BatchAnswer, RefusedBatch } from "@/app/(console)/upgrade/batch-answer";
import { readChoice, sizeProblem } from "@/app/(console)/upgrade/choice";
import type { Answer } from "@/components/answer";
import { type ActionResult, defineAction } from "@/lib/action";
import { BATCH_LIMIT } from "@/lib/engine/interface";
import { AppError } from "@/lib/errors";
import { live } from "@/lib/live";

/** Attach, upgrade or roll back: which it is follows from the host. */
export async function deployVersion(_previous: Answer | null, form: FormData): Promise<Answer> {
  return answer(form.get("target"), await deploy(null, form));
}

/** Leads to the list of what was begun, where nothing was refused. */
export async function deployMany(_previous: BatchAnswer | null, form: FormData): Promise<BatchAnswer> {
  const result = await many(null, form);
  return {
    chosen: readChoice(form),
    refused: result.ok ? result.value : null,
    error: result.ok ? null : result.error,
  };
}

export async function detachService(_previous: Answer | null, form: FormData): Promise<Answer> {
  return answer(form.get("target"), await detach(null, form));
}

/** Its result comes by itself, as soon as it is known. */
export async function rehearseVersion(_previous: Answer | null, form: FormData): Promise<Answer> {
  return answer(form.get("target"), await rehearse(null, form));
}

export async function restartUnit(_previous: Answer | null, form: FormData): Promise<Answer> {
  return answer(form.get("target"), await restart(null, form));
}

/** Takes what others changed as it is. */
export async function adoptChanges(_previous: Answer | null, form: FormData): Promise<Answer> {
  return answer(form.get("target"), await adopt(null, form));
}

/** Puts back what was deployed. */
export async function restoreService(_previous: Answer | null, form: FormData): Promise<Answer> {
  return answer(form.get("target"), await restore(null, form));
}

/** The version on trial stays. */
export async function keepVersion(_previous: Answer | null, form: FormData): Promise<Answer> {
  return answer(form.get("deployment"), await keep(null, form));
}

/** Cancels while it waits, goes back until it is over. */
export async function cancelDeployment(_previous: Answer | null, form: FormData): Promise<Answer> {
  return answer(form.get("deployment"), await cancel(null, form));
}

export async function saveReason(_previous: Answer | null, form: FormData): Promise<Answer> {
  return answer(form.get("deployment"), await setReason(null, form));
}

const deploy = defineAction(DeployVersion, async ({ target, trialMinutes, despiteMark }, actor) => {
  const trial = trialMinutes === undefined ? {} : { trialMs: trialMinutes * 60_000 };
  const { id } = await live().engine("Deploy", {
    ...target,
    ...trial,
    by: actor.name,
    despiteMark: despiteMark === "yes",
  });
  refresh();
  return id;
});

const many = defineAction(
  DeployMany,
  async ({ targets, onFailure, reason }, actor): Promise<RefusedBatch> => {
    const problem = sizeProblem(targets.length, BATCH_LIMIT);
    if (problem) throw new AppError("refused", { ...problem.params, refusal: problem.code });
    const asked = { targets, stopAtFailure: onFailure === "stop", reason, by: actor.name };
    const { batch, begun, refused } = await live().engine("DeployMany", asked);
    if (refused.length === 0) redirect(`/history?batch=${batch}`);
    refresh();
    return { batch, begun: begun.length, refused };
  },
);

const detach = defineAction(DetachService, async ({ target }, actor) => {
  const { id } = await live().engine("Detach", {
    service: target.service,
    expected: target.version,
    by: actor.name,
  });
  refresh();
  return id;
});

const rehearse = defineAction(RehearseVersion, async ({ target }) => {
  await live().engine("Rehearse", { service: target.service, versions: [target.version] });
  return target.version;
});

const restart = defineAction(RestartUnit, async ({ target }, actor) => {
  const unit = target.version === "" ? {} : { unit: target.version };
  const { id } = await live().engine("Restart", { service: target.service, ...unit, by: actor.name });
  refresh();
  return id;
});

const adopt = defineAction(AdoptChanges, async ({ target }, actor) => {
  const { id } = await live().engine("Adopt", { ...target, by: actor.name });
  refresh();
  return id;
});

const restore = defineAction(RestoreService, async ({ target }, actor) => {
  const { id } = await live().engine("Restore", { service: target.service, by: actor.name });
  refresh();
  return id;
});

const cancel = defineAction(CancelDeployment, async ({ deployment }, actor) => {
  await live().engine("Cancel", { id: deployment, by: actor.name });
  refresh();
  return deployment;
});

const keep = defineAction(CancelDeployment, async ({ deployment }, actor) => {
  await live().engine("Keep", { id: deployment, by: actor.name });
  refresh();
  return deployment;
});

const setReason = defineAction(SetReason, async ({ deployment, reason }, actor) => {
  await live().engine("SetReason", { id: deployment, by: actor.name, reason });
  refresh();
  return deployment;
});

function answer(target: FormDataEntryValue | null, result: ActionResult<string>): Answer {
  return {
    target: typeof target === "string" ? target : "",
    id: result.ok ? result.value : null,
    error: result.ok ? null : result.error,
  };
}
