import type { Message } from "@/lib/errors";

/** What somebody has chosen on the page. */
export interface Choice {
  /** Form values of the ticked rows. A newer version that appears meanwhile makes another value: it was not chosen. */
  readonly targets: readonly string[];
  readonly onFailure: "stop" | "go-on";
  readonly reason: string;
}

interface Choosable {
  readonly target: string;
  readonly refusal: string | null;
}

/** How the page comes: with all that can be chosen, in the order of the list, as far as `limit` of them. */
export function firstChoice(rows: readonly Choosable[], limit: number): Choice {
  const targets = rows.flatMap(({ target, refusal }) => (refusal === null ? target : [])).slice(0, limit);
  return { targets, onFailure: "stop", reason: "" };
}

/** Why so many cannot be begun at once: the page says it before, the action after it was pressed without scripts. */
export function sizeProblem(count: number, limit: number): Message | null {
  return count > 0 && count <= limit ? null : { code: "batch-size", params: { count, limit } };
}

/** What was sent. Lines end with LF alone, as they were typed. */
export function readChoice(form: FormData): Choice {
  const reason = form.get("reason");
  return {
    targets: form.getAll("targets").filter((target) => typeof target === "string"),
    onFailure: form.get("onFailure") === "go-on" ? "go-on" : "stop",
    reason: typeof reason === "string" ? reason.replace(/\r\n?/g, "\n") : "",
  };
}
