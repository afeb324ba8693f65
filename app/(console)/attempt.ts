import { describe } from "@/lib/action";
import type { Message } from "@/lib/errors";

export type Attempt<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: Message };

/** For a part of a page that must not take the rest of it down: the history without its database, details without a bus. */
export async function attempt<T>(work: Promise<T>): Promise<Attempt<T>> {
  return work.then(
    (value) => ({ ok: true, value }),
    (error: unknown) => ({ ok: false, problem: describe(error) }),
  );
}
