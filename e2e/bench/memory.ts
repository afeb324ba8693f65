import { readFileSync } from "node:fs";
import type { Box } from "../lab/box";
import type { Figures } from "./figures";
import { round } from "./statistics";

/**
 * What the two processes hold in memory, in MB (10⁶ bytes). Judged by the resident size: the proportional one, which
 * stands beside it, is the smaller the more other programs of this machine are Node as well.
 */
export async function measureMemory(box: Box): Promise<Figures> {
  const web = await memoryOf(box, "attache-web.service");
  const engine = await memoryOf(box, "attache-engine.service");
  return {
    "memory.web_mb": web.Rss,
    "memory.engine_mb": engine.Rss,
    "memory.web_pss_mb": web.Pss,
    "memory.engine_pss_mb": engine.Pss,
  };
}

async function memoryOf(box: Box, unit: string): Promise<{ Rss: number; Pss: number }> {
  const pid = (await box.mustExec(["systemctl", "show", unit, "--property=MainPID", "--value"])).trim();
  const smaps = readFileSync(box.rootPath(`/proc/${pid}/smaps_rollup`), "utf8");
  const megabytes = (name: string) =>
    round((Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(smaps)?.[1]) * 1024) / 1e6, 1);
  return { Rss: megabytes("Rss"), Pss: megabytes("Pss") };
}
