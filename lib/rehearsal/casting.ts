import { parseUnitFile } from "@/lib/images/unit-file";
import type { Attachment } from "@/lib/services/types";
import { isTemplate, templateOf } from "@/lib/services/unit-name";
import type { Systemd, UnitState } from "@/lib/systemd/types";

type Texts = Readonly<Record<string, string>>;

/**
 * The services of a version whose failure would be a failure of the switch:
 * those that run now, those that a socket, timer or path starts, and new ones
 * that want to be enabled. One that lies there unused is nobody's trouble. A
 * template is answered by its instances, none by itself. Throws what `Systemd`
 * throws.
 */
export async function castServices(
  systemd: Pick<Systemd, "unitStates" | "unitsByPatterns">,
  texts: Texts,
  attachment: Attachment | null,
): Promise<string[]> {
  const services = Object.keys(texts).filter((unit) => unit.endsWith(".service"));
  const attached = new Set(attachment?.units);
  const states = await statesOf(
    systemd,
    [...attached].filter((unit) => unit.endsWith(".service")),
  );
  const runs = states.filter(({ active }) => active !== "inactive").map(({ name }) => name);
  const kept = runs.filter((unit) => services.includes(templateOf(unit)) || services.includes(unit));
  const fresh = services.filter((unit) => kept.length === 0 || !attached.has(unit));
  const wanted = fresh.filter((unit) => isInstallable(texts, unit) || isTriggered(texts, unit));
  const triggered = services.filter((unit) => isTriggered(texts, unit));
  const cast = [...kept, ...wanted, ...triggered].filter((unit) => !isTemplate(unit));
  if (cast.length > 0) return [...new Set(cast)];
  return services.filter((unit) => !isTemplate(unit));
}

async function statesOf(
  systemd: Pick<Systemd, "unitStates" | "unitsByPatterns">,
  units: readonly string[],
): Promise<UnitState[]> {
  const templates = units.filter(isTemplate).map((unit) => unit.replace("@.", "@*."));
  const [plain, instances] = await Promise.all([
    systemd.unitStates(units.filter((unit) => !isTemplate(unit))),
    templates.length === 0 ? [] : systemd.unitsByPatterns(templates),
  ]);
  return [...plain, ...instances];
}

function isInstallable(texts: Texts, unit: string): boolean {
  return parseUnitFile(texts[unit] ?? "").some(({ section }) => section === "Install");
}

function isTriggered(texts: Texts, unit: string): boolean {
  const stem = unit.slice(0, unit.lastIndexOf("."));
  return ["socket", "timer", "path"].some((type) => Object.hasOwn(texts, `${stem}.${type}`));
}
