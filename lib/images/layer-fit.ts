import type { Message } from "@/lib/errors";

type Release = Readonly<Record<string, string>>;

/**
 * Why an extension may not lie on an image, by their release files; `null` = it
 * fits. The rule is systemd's (os-release(5), systemd-sysext(8)): the extension
 * is for any system, or for this one (`ID=`, `ID_LIKE=`) with the same level
 * where both declare one, else with the same `VERSION_ID=`.
 */
export function layerFault(base: Release, extension: Release): Message | null {
  const scope = extension.SYSEXT_SCOPE ?? extension.CONFEXT_SCOPE;
  if (scope !== undefined && !words(scope).includes("portable"))
    return { code: "layer-scope", params: { scope } };
  const id = extension.ID ?? "";
  if (id === "_any") return null;
  if (id === "" || (id !== base.ID && !words(base.ID_LIKE ?? "").includes(id)))
    return mismatch("ID", id, base.ID ?? "");

  for (const field of ["SYSEXT_LEVEL", "CONFEXT_LEVEL"]) {
    const [wants, has] = [extension[field], base[field]];
    if (wants && has) return wants === has ? null : mismatch(field, wants, has);
  }
  // A base without a version is a rolling release, and everything of its ID fits.
  const has = base.VERSION_ID ?? "";
  const wants = extension.VERSION_ID ?? "";
  return has === "" || wants === has ? null : mismatch("VERSION_ID", wants, has);
}

function mismatch(field: string, wants: string, has: string): Message {
  return { code: "layer-mismatch", params: { field, wants, has } };
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
