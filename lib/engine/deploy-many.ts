import { createBatch } from "@/lib/deploy/batch";
import type { HostGround } from "@/lib/deploy/ground";
import { planDeployment } from "@/lib/deploy/plan";
import type { createHolds } from "@/lib/engine/holds";
import type { Input, Reply } from "@/lib/engine/interface";

/** Claims every service of a batch first; with `stopAtFailure` nothing is begun where one is refused. */
export async function deployMany(
  claim: ReturnType<typeof createHolds>["claim"],
  { targets, stopAtFailure, ...asked }: Input<"DeployMany">,
  batch: string,
  reload: () => Promise<void>,
): Promise<Reply<"DeployMany">> {
  const claims = await Promise.all(
    targets.map(async ({ service, version, expected }) => {
      const decide = (ground: HostGround) => planDeployment(ground, version, expected);
      return { service, claimed: await claim({ ...asked, service, batch }, decide) };
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
  for (const [index, { claimed }] of good.entries()) claimed.begin(turns[index]);
  const begun = good.map(({ service, claimed }) => ({ service, id: claimed.id }));
  return { ok: true, value: { batch, begun, refused } };
}
