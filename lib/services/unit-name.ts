/** The types of unit that portabled takes from an image. */
const TYPES = "service|socket|target|timer|path";
const NAME = new RegExp(`^[A-Za-z0-9:_.\\\\@-]+\\.(?:${TYPES})$`);

/** Whether PID 1 would take this for the name of a unit: one wrong name makes it refuse a whole list. */
export function isUnitName(name: string): boolean {
  return name.length < 256 && NAME.test(name) && !/^[.@]/.test(name);
}

/** `worker@.service` is a pattern for units, not a unit. */
export function isTemplate(unit: string): boolean {
  return unit.includes("@.");
}

/** The type of a unit: what follows the last dot. */
export function unitType(unit: string): string {
  return unit.slice(unit.lastIndexOf(".") + 1);
}

/** `worker@1.service` → `worker@.service`; the name itself when it is no instance. */
export function templateOf(unit: string): string {
  return unit.replace(/@.*(?=\.[a-z]+$)/, "@");
}
