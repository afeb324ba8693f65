import { sentBack } from "@/lib/deploy/bring-up";
import { Setback } from "@/lib/deploy/record";

/** What a deployment has shown once the others need not wait for it any more. `undecided`: neither good nor bad. */
export type Shown = "good" | "bad" | "undecided";

/**
 * What one deployment of a batch has to wait for. Every wait may throw a
 * `Setback`: `batch-stopped` or `batch-undecided` with the `service` it is due
 * to. The signals end a wait for this one alone.
 */
export interface Turn {
  /** Before anything is changed. Returns at once when cancelled, which is for the caller to look at. */
  begin(cancel: AbortSignal): Promise<void>;
  /**
   * In place of a reload of its own: resolves after the one reload that follows
   * the last attach of the batch. Throws `sent-back` when somebody goes back.
   */
  reload(back: AbortSignal | undefined): Promise<void>;
  /** Before units are restarted. Throws `sent-back` when somebody goes back. */
  restart(back: AbortSignal | undefined): Promise<void>;
  /** Nobody waits for it any longer; the first call counts. */
  end(shown: Shown): void;
}

interface Member {
  readonly service: string;
  /** `left`: sent back before it was restarted, which says nothing of the others. */
  state: "waiting" | "attached" | "left" | Shown;
}

const OVER: ReadonlySet<Member["state"]> = new Set(["left", "good", "bad", "undecided"]);

/**
 * Several deployments that share one reload of PID 1, which is the dear part
 * of a switch. Each comes back alone if it alone fails. With `stopAtFailure`
 * they are attached and restarted in the order given, and once one has not
 * shown itself good, because it failed or because nobody can tell yet, those
 * behind it change nothing more: what was attached for them goes back before
 * it has run.
 */
export function createBatch(
  services: readonly string[],
  stopAtFailure: boolean,
  reload: () => Promise<void>,
): readonly Turn[] {
  const members = services.map((service): Member => ({ service, state: "waiting" }));
  const waiting = new Set<() => void>();
  let reloaded: Promise<void> | null = null;

  const become = (member: Member, state: Member["state"]) => {
    member.state = state;
    for (const wake of [...waiting]) wake();
  };
  const until = async (isDone: () => boolean, signal: AbortSignal | undefined) => {
    while (!isDone() && !signal?.aborted)
      await new Promise<void>((resolve) => {
        const wake = () => {
          waiting.delete(wake);
          signal?.removeEventListener("abort", wake);
          resolve();
        };
        waiting.add(wake);
        signal?.addEventListener("abort", wake);
      });
  };

  return members.map((member, index) => {
    const before = members.slice(0, index);
    const goOn = () => {
      if (!stopAtFailure) return;
      for (const { service, state } of before) {
        if (state === "bad") throw new Setback({ code: "batch-stopped", params: { service } });
        if (state === "undecided") throw new Setback({ code: "batch-undecided", params: { service } });
      }
    };
    const leaveIf = (back: AbortSignal | undefined) => {
      if (!back?.aborted) return;
      become(member, "left");
      throw sentBack(back);
    };
    return {
      async begin(cancel) {
        if (!stopAtFailure) return;
        await until(() => before.every(({ state }) => state !== "waiting"), cancel);
        if (!cancel.aborted) goOn();
      },
      async reload(back) {
        become(member, "attached");
        await until(() => members.every(({ state }) => state !== "waiting"), back);
        leaveIf(back);
        goOn();
        reloaded ??= reload();
        await reloaded;
      },
      async restart(back) {
        if (stopAtFailure) await until(() => before.every(({ state }) => OVER.has(state)), back);
        leaveIf(back);
        goOn();
      },
      end(shown) {
        if (!OVER.has(member.state)) become(member, shown);
      },
    };
  });
}
