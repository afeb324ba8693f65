import type { Message } from "@/lib/errors";

/** What a server action of ours answers: the deployment it started or changed, or why it did not. */
export interface Answer {
  /** The form value of the button that was pressed, so that the answer appears beside it. */
  readonly target: string;
  /** Id of the deployment, where there is one. */
  readonly id: string | null;
  readonly error: Message | null;
}

/** A server action as `useActionState` takes it. */
export type AnswerAction = (previous: Answer | null, form: FormData) => Promise<Answer>;
