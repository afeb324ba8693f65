import type { Deployment } from "@/lib/deploy/types";
import { createEngineClient } from "@/lib/engine/client";
import { readEnv } from "@/lib/env";
import { createBus } from "@/lib/systemd/bus";
import { nowMs, pause } from "./clock";

export interface Deployed {
  /** From sending `Deploy` to hearing that only the look after the settling time is left, ms. */
  readonly ms: number;
  readonly askedAt: number;
  readonly runningAt: number;
  /** Milliseconds of each step before the settling, by name; `between`: what is no step. */
  readonly steps: Readonly<Record<string, number>>;
}

/** Deploys through the engine's own door, as the web server does. */
export async function openEngine() {
  const bus = createBus({ address: readEnv().busAddress });
  bus.start();
  await bus.whenUp();
  const engine = createEngineClient(bus);
  const settling = new Map<string, number>();
  const finished = new Map<string, Deployment>();
  engine.on("DeploymentChanged", (deployment) => {
    if (deployment.phase === "settling" && !settling.has(deployment.id)) settling.set(deployment.id, nowMs());
    if (deployment.phase === "finished") finished.set(deployment.id, deployment);
  });

  const until = async <T>(look: () => T | undefined): Promise<T> => {
    for (let found = look(); ; found = look()) {
      if (found !== undefined) return found;
      await pause(1);
    }
  };

  return {
    engine,
    /** `whileSettling` runs as soon as the new version is said to be active, before the end is waited for. */
    async deploy(
      service: string,
      from: string,
      to: string,
      whileSettling: (runningAt: number, askedAt: number) => Promise<void> = async () => undefined,
    ): Promise<Deployed> {
      const askedAt = nowMs();
      const { id } = await engine.call("Deploy", {
        service,
        version: to,
        expected: from,
        by: "bench",
        graceMs: 0,
      });
      const runningAt = await until(() => settling.get(id) ?? (finished.has(id) ? nowMs() : undefined));
      await whileSettling(runningAt, askedAt);
      const end = await until(() => finished.get(id));
      if (end.outcome !== "succeeded" || !settling.has(id))
        throw new Error(`${service} ${to}: ${end.outcome} ${JSON.stringify(end.message)}`);
      while ((await engine.call("Running", {})).deployments.length > 0) await pause(10);
      const steps: Record<string, number> = { between: runningAt - askedAt };
      for (const { name, durationMs } of end.steps) {
        if (name === "settle") continue;
        steps[name] = (steps[name] ?? 0) + (durationMs ?? 0);
        steps.between = (steps.between ?? 0) - (durationMs ?? 0);
      }
      return { ms: runningAt - askedAt, askedAt, runningAt, steps };
    },
    close() {
      engine.close();
      bus.close();
    },
  };
}
