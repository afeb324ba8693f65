"use server";

import { refresh } from "next/cache";
import {
  AdoptChanges,
  CancelDeployment,
  DeployVersion,
  DetachService,
  RestartUnit,
  RestoreService,
  SetReason,
} from "@/app/(console)/schemas";
import type { Answer } from "@/components/answer";
import { type ActionResult, defineAction } from "@/lib/action";
import { live } from "@/lib/live";

/** Attach, upgrade or roll back: which it is follows from the host. */
export async function deployVersion(_previous: Answer | null, form: FormData): Promise<Answer> {
  return answer(form.get("target"), await deploy(null, form));
}

export async function detachService(_previous: Answer | null, form: FormData): Promise<Answer> {
  return answer(form.get("target"), await detach(null, form));
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

/** Cancels while it waits, goes back while it settles. */
export async function cancelDeployment(_previous: Answer | null, form: FormData): Promise<Answer> {
  return answer(form.get("deployment"), await cancel(null, form));
}

export async function saveReason(_previous: Answer | null, form: FormData): Promise<Answer> {
  return answer(form.get("deployment"), await setReason(null, form));
}

const deploy = defineAction(DeployVersion, async ({ target }, actor) => {
  const { id } = await live().engine("Deploy", { ...target, by: actor.name });
  refresh();
  return id;
});

const detach = defineAction(DetachService, async ({ target }, actor) => {
  const { id } = await live().engine("Detach", {
    service: target.service,
    expected: target.version,
    by: actor.name,
  });
  refresh();
  return id;
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
