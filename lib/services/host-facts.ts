import { AppError, type Message } from "@/lib/errors";
import type { LinkState, Systemd, UnitState } from "@/lib/systemd/types";

/** What is known of a host as such. */
export interface HostNews {
  readonly systemdVersion: string | null;
  /** Why portabled cannot be had; `null` when it can, or as long as nobody knows. */
  readonly noPortabled: "portabled-missing" | "portabled-masked" | null;
}

/** portabled's unit, which its bus activation starts. */
const PORTABLED = "systemd-portabled.service";

/**
 * Asks PID 1, also about portabled: asking that itself would start it, and one
 * that was masked a moment ago still answers until it has been idle for half a
 * minute. An answer that does not come leaves the old one.
 */
export async function askHost(
  systemd: Pick<Systemd, "version" | "unitStates">,
  old: HostNews,
): Promise<HostNews> {
  const [systemdVersion, noPortabled] = await Promise.all([
    systemd.version().catch(expected(old.systemdVersion)),
    systemd.unitStates([PORTABLED]).then(([unit]) => absenceOf(unit), expected(old.noPortabled)),
  ]);
  return { systemdVersion, noPortabled };
}

function absenceOf(unit: UnitState | undefined): HostNews["noPortabled"] {
  if (unit?.load === "masked") return "portabled-masked";
  return unit?.load === "not-found" ? "portabled-missing" : null;
}

/** Why the engine cannot be asked, where waiting does not help. */
const ENGINE_PROBLEMS: ReadonlySet<string> = new Set(["engine-missing", "engine-not-starting", "bus-denied"]);

/** Missing parts of the host. */
export function missingParts(bus: LinkState, engine: LinkState, news: HostNews): Message[] {
  const parts: Message[] = [];
  // Without the bus nothing else can be known to be missing.
  if (bus.state === "down") return [bus.problem ?? { code: "bus-unreachable", params: {} }];
  if (news.noPortabled) parts.push({ code: news.noPortabled, params: {} });
  if (engine.problem && ENGINE_PROBLEMS.has(engine.problem.code)) parts.push(engine.problem);
  return parts;
}

/** "257.13-1~deb13u1" → 257. */
export function majorOf(version: string | null): number | null {
  const major = Number.parseInt(version ?? "", 10);
  return Number.isNaN(major) ? null : major;
}

function expected<T>(old: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof AppError) return old;
    throw error;
  };
}
