import { open, stat } from "node:fs/promises";
import { errorCode } from "@/lib/images/system-error";
import { explainBindPaths, type UnitText } from "@/lib/services/bind-paths";
import type { BindPathRow, Service, ServiceDetails } from "@/lib/services/types";
import { isTemplate } from "@/lib/services/unit-name";
import type { Systemd, UnitStatus } from "@/lib/systemd/types";

/** A unit file may be anything an image holds; more than this is not read. */
const MOST_BYTES = 256 * 1024;

/**
 * Reads what only the page of one service shows: every unit in full (two bus
 * calls each) and its bind paths. Throws what `Systemd.unitStatus` throws.
 */
export async function readDetails(
  systemd: Pick<Systemd, "unitStatus">,
  service: Pick<Service, "units">,
): Promise<ServiceDetails> {
  const names = service.units.map((unit) => unit.name).filter((name) => !isTemplate(name));
  const units = await Promise.all(names.map((name) => systemd.unitStatus(name)));
  const bindPaths = await Promise.all(units.map(readBindPaths));
  return { units, bindPaths: bindPaths.flat() };
}

async function readBindPaths(status: UnitStatus): Promise<BindPathRow[]> {
  const files = await Promise.all(
    [status.fragmentPath, ...status.dropInPaths].filter((path) => path !== "").map(readUnitText),
  );
  const rows = explainBindPaths(status, files);
  return Promise.all(rows.map(async (row) => ({ ...row, exists: await exists(row.source) })));
}

/** Whether a path is there; `null` where we may not look, as into `/var/lib/private`. */
async function exists(path: string): Promise<boolean | null> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    const reason = errorCode(error);
    return reason === "ENOENT" || reason === "ENOTDIR" ? false : null;
  }
}

/** A file that is gone or closed to us explains nothing: its paths then come from an unknown place. */
async function readUnitText(path: string): Promise<UnitText> {
  try {
    const file = await open(path, "r");
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(MOST_BYTES), 0, MOST_BYTES, 0);
      return { path, text: buffer.toString("utf8", 0, bytesRead) };
    } finally {
      await file.close();
    }
  } catch (error) {
    errorCode(error);
    return { path, text: "" };
  }
}
