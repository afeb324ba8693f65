import { readFileSync } from "node:fs";
import type { Box } from "../lab/box";
import type { Figures } from "./figures";
import { round } from "./statistics";

/** What the two processes hold, each page shared with others counted by its share, in MB (10⁶ bytes). */
export async function measureMemory(box: Box): Promise<Figures> {
  return {
    "memory.web_mb": await megabytes(box, "attache-web.service"),
    "memory.engine_mb": await megabytes(box, "attache-engine.service"),
  };
}

async function megabytes(box: Box, unit: string): Promise<number> {
  const pid = (await box.mustExec(["systemctl", "show", unit, "--property=MainPID", "--value"])).trim();
  const smaps = readFileSync(box.rootPath(`/proc/${pid}/smaps_rollup`), "utf8");
  return round((Number(/^Pss:\s+(\d+) kB$/m.exec(smaps)?.[1]) * 1024) / 1e6, 1);
}
