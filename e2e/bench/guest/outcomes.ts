import type { Deployment } from "@/lib/deploy/types";
import type { Input } from "@/lib/engine/interface";
import { pause } from "./clock";
import type { openEngine } from "./engine";

type Door = Awaited<ReturnType<typeof openEngine>>;

/**
 * Deploys and answers how it ended, well or not, once the engine has nothing
 * under way any more. `onChange` hears every state of it.
 */
export async function deployToEnd(
  { engine }: Door,
  input: Omit<Input<"Deploy">, "by">,
  onChange: (deployment: Deployment) => void = () => undefined,
): Promise<Deployment> {
  const heard: Deployment[] = [];
  let id: string | null = null;
  const off = engine.on("DeploymentChanged", (deployment) => {
    heard.push(deployment);
    if (deployment.service === input.service) onChange(deployment);
  });
  try {
    ({ id } = await engine.call("Deploy", { ...input, by: "bench" }));
    for (;;) {
      const end = heard.find((one) => one.id === id && one.phase === "finished");
      if (end) {
        await untilFree({ engine });
        return end;
      }
      await pause(1);
    }
  } finally {
    off();
  }
}

/** Until every lock is given back, and with it every record written. */
export async function untilFree({ engine }: Pick<Door, "engine">): Promise<void> {
  while ((await engine.call("Running", {})).deployments.length > 0) await pause(10);
}
