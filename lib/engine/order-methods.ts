import { readGround } from "@/lib/deploy/ground";
import type { Host } from "@/lib/deploy/host";
import { frozenRefusal, markedRefusal } from "@/lib/deploy/plan";
import type { Refusal } from "@/lib/deploy/types";
import { unitsThatRun } from "@/lib/deploy/units";
import type { Outputs } from "@/lib/engine/interface";
import type { OrderBook } from "@/lib/engine/orders";
import type { Methods } from "@/lib/engine/service";
import type { Message } from "@/lib/errors";
import { probeProblem } from "@/lib/health/address";
import { runProbe } from "@/lib/health/probe";
import type { Health } from "@/lib/health/types";

type OrderMethod = "SetHealth" | "TryHealth" | "Mark" | "LiftMark" | "Freeze" | "Unfreeze";

/** The methods by which people lay down how a service is to be treated. None of them changes the host. */
export function createOrderMethods(host: Host, orders: OrderBook): Pick<Methods, OrderMethod> {
  const groundOf = (service: string) => readGround(host, service, null);
  const isHere = async (service: string) => {
    const { versions, attachment } = await groundOf(service);
    return versions.length > 0 || attachment !== null;
  };
  const unknown = (service: string) => no({ code: "unknown-service", params: { service } });

  return {
    async SetHealth({ service, health, by }) {
      const problem = problemOf(health);
      if (problem) return { ok: false, error: problem };
      if (!(await isHere(service))) return unknown(service);
      orders.setHealth(service, health, by);
      return DONE;
    },
    async TryHealth({ service, health }) {
      const problem = problemOf(health);
      if (problem) return { ok: false, error: problem };
      const { attachment } = await groundOf(service);
      if (!attachment || (await unitsThatRun(host, attachment)).length === 0)
        return no({ code: "not-running", params: { service } });
      const answers: Outputs["TryHealth"]["answers"] = await Promise.all(
        health.probes.map((probe) => runProbe(probe)),
      );
      return { ok: true, value: { answers } };
    },
    async Mark({ service, version, reason, by }) {
      if (reason === "") return no(NO_REASON);
      const { versions } = await groundOf(service);
      if (!versions.some(({ label }) => label === version))
        return no({ code: "unknown-version", params: { service, version } });
      const mark = orders.marksOf(service).find(({ label }) => label === version);
      if (mark) return no(markedRefusal(mark));
      orders.mark(service, version, reason, by);
      return DONE;
    },
    async LiftMark({ service, version, reason, by }) {
      if (reason === "") return no(NO_REASON);
      if (!orders.marksOf(service).some(({ label }) => label === version))
        return no({ code: "not-marked", params: { version } });
      orders.liftMark(service, version, reason, by);
      return DONE;
    },
    async Freeze({ service, reason, until, by }) {
      if (reason === "") return no(NO_REASON);
      if (!(await isHere(service))) return unknown(service);
      const frozen = orders.freezeOf(service);
      if (frozen) return no(frozenRefusal(frozen));
      orders.freeze(service, reason, until, by);
      return DONE;
    },
    async Unfreeze({ service, reason, by }) {
      if (reason === "") return no(NO_REASON);
      if (!orders.freezeOf(service)) return no({ code: "not-frozen", params: { service } });
      orders.unfreeze(service, reason, by);
      return DONE;
    },
  };
}

const DONE = { ok: true, value: {} } as const;
const NO_REASON: Refusal = { code: "reason-missing", params: {} };

function problemOf(health: Health): Message | null {
  return health.probes.map(probeProblem).find((problem) => problem !== null) ?? null;
}

function no(refusal: Refusal): { ok: false; error: Message } {
  return { ok: false, error: refusal };
}
