import { type Ground, type Planned, planDeployment, planDetach, planReattach } from "@/lib/deploy/plan";
import type { Refusal } from "@/lib/deploy/types";
import type { Drift } from "@/lib/drift/types";
import type { FileStamp, ImageVersion } from "@/lib/images/types";

/**
 * Decides whether a service can be put back as it was deployed, and how: by a
 * switch, a detach, or by attaching the same version anew so that portabled
 * writes its files from the image. What the image held is gone when the file
 * was overwritten, and then nothing can bring it back. Pure; the page asks to
 * explain a greyed-out button, the engine asks again.
 */
export function planRestore(now: Ground, drift: Drift | null): Planned {
  if (!drift) return no({ code: "nothing-differs", params: { service: now.name } });
  const { deployed } = drift;
  if (!deployed) return planDetach(now);
  const moved = drift.differences.find(({ code }) => code === "image-moved")?.params.to;
  const file = moved === undefined ? deployed.path : String(moved);
  const target = now.versions.find((version) => version.path === file);
  if (!target) return no({ code: "image-missing", params: { path: file } });
  if (moved === undefined && !isAsDeployed(target, deployed.image?.stamp ?? null))
    return no({ code: "bytes-gone", params: { path: file } });
  if (now.attachment && now.attachment.location !== deployed.location)
    return no({ code: "restore-location", params: {} });

  const planned =
    now.attachment && (moved !== undefined || now.attachment.path === file)
      ? planReattach(now, file, deployed.units)
      : planDeployment(now, target.label);
  return planned.ok ? { ok: true, plan: { ...planned.plan, profile: deployed.profile } } : planned;
}

/** As differences are found (`compareDeployed`): the device number may be another after each boot. */
function isAsDeployed({ kind, stamp }: ImageVersion, deployed: FileStamp | null): boolean {
  if (!deployed || stamp.ino !== deployed.ino) return false;
  return kind === "directory" || (stamp.size === deployed.size && stamp.mtimeMs === deployed.mtimeMs);
}

function no(refusal: Refusal): Planned {
  return { ok: false, refusal };
}
