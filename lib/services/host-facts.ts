import { AppError, type Message } from "@/lib/errors";
import type { LinkState, Systemd } from "@/lib/systemd/types";

/** What is known of a host as such. */
export interface HostNews {
  readonly systemdVersion: string | null;
  readonly isPortabledMissing: boolean;
}

/** Asks PID 1 and portabled (seldom: asking starts it); an answer that does not come leaves the old one. */
export async function askHost(
  systemd: Pick<Systemd, "version" | "profiles">,
  old: HostNews,
): Promise<HostNews> {
  const [systemdVersion, isPortabledMissing] = await Promise.all([
    systemd.version().catch(expected(old.systemdVersion)),
    systemd.profiles().then(() => false, missing(old.isPortabledMissing)),
  ]);
  return { systemdVersion, isPortabledMissing };
}

/** Why the engine cannot be asked, where waiting does not help. */
const ENGINE_PROBLEMS: ReadonlySet<string> = new Set(["engine-missing", "engine-not-starting", "bus-denied"]);

/** Missing parts of the host. */
export function missingParts(bus: LinkState, engine: LinkState, news: HostNews): Message[] {
  const parts: Message[] = [];
  // Without the bus nothing else can be known to be missing.
  if (bus.state === "down") return [bus.problem ?? { code: "bus-unreachable", params: {} }];
  if (news.isPortabledMissing) parts.push({ code: "portabled-missing", params: {} });
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

function missing(old: boolean): (error: unknown) => boolean {
  return (error) => {
    if (!(error instanceof AppError)) throw error;
    return (
      error.code === "portabled-missing" ||
      (error.code !== "bus-unreachable" && error.code !== "timed-out" && old)
    );
  };
}
