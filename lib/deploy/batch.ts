import { Setback } from "@/lib/deploy/record";

/** What one deployment of a batch has to wait for. Every method may throw `Setback("batch-stopped", { service })`. */
export interface Turn {
  /** Before anything is changed. */
  begin(): Promise<void>;
  /** In place of a reload of its own: resolves after the one reload that follows the last attach of the batch. */
  reload(): Promise<void>;
  /** Before units are restarted. */
  restart(): Promise<void>;
  /** To be called once, however it ended. */
  end(isGood: boolean): void;
}

interface Member {
  readonly service: string;
  state: "waiting" | "attached" | "good" | "bad";
}

/**
 * Several deployments that share one reload of PID 1, which is the dear part
 * of a switch. Each comes back alone if it alone fails. With `stopAtFailure`
 * they are attached and restarted in the order given, and once one has failed
 * those behind it change nothing more: what was attached for them goes back
 * before it has run.
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
  const until = async (isDone: () => boolean) => {
    while (!isDone())
      await new Promise<void>((resolve) => {
        const wake = () => {
          waiting.delete(wake);
          resolve();
        };
        waiting.add(wake);
      });
  };

  return members.map((member, index) => {
    const before = members.slice(0, index);
    const goOn = () => {
      const bad = stopAtFailure ? before.find(({ state }) => state === "bad") : undefined;
      if (bad) throw new Setback({ code: "batch-stopped", params: { service: bad.service } });
    };
    return {
      async begin() {
        if (!stopAtFailure) return;
        await until(() => before.every(({ state }) => state !== "waiting"));
        goOn();
      },
      async reload() {
        become(member, "attached");
        await until(() => members.every(({ state }) => state !== "waiting"));
        goOn();
        reloaded ??= reload();
        await reloaded;
      },
      async restart() {
        if (!stopAtFailure) return;
        await until(() => before.every(({ state }) => state === "good" || state === "bad"));
        goOn();
      },
      end(isGood) {
        become(member, isGood ? "good" : "bad");
      },
    };
  });
}
