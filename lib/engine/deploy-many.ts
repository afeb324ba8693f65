import { createBatch } from "@/lib/deploy/batch";
import type { HostGround } from "@/lib/deploy/ground";
import { planDeployment } from "@/lib/deploy/plan";
import { messageOf } from "@/lib/deploy/record";
import type { Claim, createHolds } from "@/lib/engine/holds";
import type { Input, Reply } from "@/lib/engine/interface";

/**
 * Claims and plans every service of a batch before anybody is told of one; with
 * `stopAtFailure` nothing is begun, and nothing is on record, where one is refused.
 */
export async function deployMany(
  claim: ReturnType<typeof createHolds>["claim"],
  { targets, stopAtFailure, ...asked }: Input<"DeployMany">,
  batch: string,
  reload: () => Promise<void>,
): Promise<Reply<"DeployMany">> {
  const claims = await Promise.all(
    targets.map(async ({ service, version, expected }) => {
      const decide = (ground: HostGround) => planDeployment(ground, version, expected);
      const refuse = (error: unknown): Claim => ({ ok: false, why: messageOf(error) });
      // Thrown on, it would leave the others claimed for ever.
      return { service, claimed: await claim({ ...asked, service, batch }, decide).catch(refuse) };
    }),
  );
  const refused = claims.flatMap(({ service, claimed }) =>
    claimed.ok ? [] : [{ service, why: claimed.why }],
  );
  const good = claims.flatMap(({ service, claimed }) => (claimed.ok ? [{ service, claimed }] : []));
  if (stopAtFailure && refused.length > 0) {
    for (const { claimed } of good) claimed.drop();
    return { ok: true, value: { batch, begun: [], refused } };
  }
  const services = good.map(({ service }) => service);
  const turns = createBatch(services, stopAtFailure, reload);
  // Who asked looks for them in the history next.
  await Promise.all(good.map(({ claimed }, index) => claimed.begin(turns[index])));
  const begun = good.map(({ service, claimed }) => ({ service, id: claimed.id }));
  return { ok: true, value: { batch, begun, refused } };
}
