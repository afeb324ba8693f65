import type { Choice } from "@/app/(console)/upgrade/choice";
import type { Message } from "@/lib/errors";

/** What the action answers where not all was begun. */
export interface BatchAnswer {
  /** As it was sent: without scripts the answer is a new page, which has to show the choice as it was left. */
  readonly chosen: Choice;
  readonly refused: RefusedBatch | null;
  readonly error: Message | null;
}

export interface RefusedBatch {
  readonly batch: string;
  /** How many of the batch are under way. */
  readonly begun: number;
  readonly refused: readonly { readonly service: string; readonly why: Message }[];
}

/** How many were refused, and what that means for the others. `asked`: how many were chosen. */
export function sayRefused({ begun, refused }: RefusedBatch, asked: number): string {
  const count = refused.length;
  if (asked === 1) return "It was refused, so nothing was begun.";
  if (count === asked) return `All ${asked} were refused, so none was begun.`;
  const some = `${count} of ${asked} ${count === 1 ? "was" : "were"} refused`;
  if (begun > 0) return `${some}; ${begun === 1 ? "the other one was" : `the other ${begun} were`} begun.`;
  return `${some}, so none was begun. Leave ${count === 1 ? "it" : "them"} out, or choose to go on with the others.`;
}
