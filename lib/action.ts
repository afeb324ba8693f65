import { randomUUID } from "node:crypto";
import { unstable_rethrow } from "next/navigation";
import { ZodError, type z } from "zod";
import { type Actor, requireActor } from "@/lib/auth/session";
import { AppError, type Message } from "@/lib/errors";

export type ActionResult<T = unknown> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: Message };

/**
 * Makes a server action: session and origin, then the form, then the work; the
 * only place where an error becomes an answer. Fits `useActionState`.
 */
export function defineAction<S extends z.ZodType, T>(
  schema: S,
  handle: (input: z.infer<S>, actor: Actor) => Promise<T>,
) {
  return async (_previous: ActionResult<T> | null, form: FormData): Promise<ActionResult<T>> => {
    try {
      const actor = await requireActor();
      return { ok: true, value: await handle(schema.parse(fieldsOf(form)), actor) };
    } catch (error) {
      unstable_rethrow(error); // redirect() and notFound() travel as exceptions
      return { ok: false, error: describe(error) };
    }
  };
}

/** A field that occurs once is a text; `targets`, of which there may be many, is a list. */
function fieldsOf(form: FormData): Record<string, unknown> {
  return { ...Object.fromEntries(form), targets: form.getAll("targets") };
}

/** An error as the reader may see it. What we did not foresee gets a reference number; the log has the rest. */
export function describe(error: unknown): Message {
  if (error instanceof ZodError) {
    const issue = error.issues[0];
    return {
      code: "invalid-input",
      params: { field: issue?.path.join(".") ?? "", problem: issue?.message ?? "" },
    };
  }
  if (isAppError(error)) {
    const { refusal, ...params } = error.params;
    return typeof refusal === "string"
      ? { code: refusal, params }
      : { code: error.code, params: error.params };
  }
  const reference = randomUUID().slice(0, 8);
  console.error(`reference ${reference}:`, error);
  return { code: "unexpected", params: { reference } };
}

/** By name: the client that throws lives in another copy of this module, and `instanceof` would say no. */
function isAppError(error: unknown): error is AppError {
  return error instanceof AppError || (error instanceof Error && error.name === "AppError");
}
