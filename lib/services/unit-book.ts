import { UNKNOWN } from "@/lib/services/state";
import type { UnitRow } from "@/lib/services/types";
import { isTemplate, templateOf } from "@/lib/services/unit-name";
import type { UnitState } from "@/lib/systemd/types";
import type { UnitChange } from "@/lib/systemd/unit-change";

/** What PID 1 said of the units that belong to attached images. */
export interface UnitBook {
  /** Sets which units belong to which service, by file name; forgets all others. */
  own(units: ReadonlyMap<string, string>): void;
  /** Names to ask PID 1 for, and patterns for the instances of templates. */
  readonly names: readonly string[];
  readonly patterns: readonly string[];
  /** Takes a full answer to these questions. */
  fill(states: readonly UnitState[]): void;
  /** Takes news of one unit; answers with the service it belongs to, `null` for a unit of the host. */
  change(change: UnitChange): string | null;
  /** Units whose `since` is worth asking for. */
  undated(): string[];
  date(unit: string, since: number | null): string | null;
  rows(files: readonly string[], enabled: ReadonlySet<string>): UnitRow[];
}

interface Entry extends UnitState {
  readonly since: number | null;
  readonly isDated: boolean;
}

export function createUnitBook(): UnitBook {
  let owners: ReadonlyMap<string, string> = new Map();
  const entries = new Map<string, Entry>();
  const ownerOf = (unit: string) => owners.get(unit) ?? owners.get(templateOf(unit)) ?? null;

  return {
    own(units) {
      owners = units;
      for (const unit of entries.keys()) if (ownerOf(unit) === null) entries.delete(unit);
    },

    get names() {
      return [...owners.keys()].filter((unit) => !isTemplate(unit));
    },

    get patterns() {
      return [...owners.keys()].filter(isTemplate).map((unit) => unit.replace("@.", "@*."));
    },

    fill(states) {
      const named = new Set(states.map((state) => state.name));
      for (const unit of entries.keys()) if (!named.has(unit)) entries.delete(unit);
      for (const state of states) {
        const { name, load, active, sub } = state;
        const old = entries.get(name);
        const isSame = old?.active === active && old.sub === sub;
        entries.set(name, {
          name,
          load,
          active,
          sub,
          since: isSame ? old.since : null,
          isDated: isSame && old.isDated,
        });
      }
    },

    change({ name, active, sub, since }) {
      const service = ownerOf(name);
      if (service === null || isTemplate(name)) return null;
      const old = entries.get(name) ?? {
        name,
        load: "loaded",
        active: UNKNOWN,
        sub: "",
        since: null,
        isDated: false,
      };
      entries.set(name, {
        ...old,
        active: active ?? old.active,
        sub: sub ?? old.sub,
        since: since === undefined ? old.since : since,
        isDated: old.isDated || since !== undefined,
      });
      return service;
    },

    undated() {
      return [...entries.values()]
        .filter((entry) => !entry.isDated && entry.load !== "not-found")
        .map((entry) => entry.name);
    },

    date(unit, since) {
      const entry = entries.get(unit);
      // A signal may have come first, and it is newer.
      if (!entry || entry.isDated) return null;
      entries.set(unit, { ...entry, since, isDated: true });
      return ownerOf(unit);
    },

    rows(files, enabled) {
      const instances = [...(files.some(isTemplate) ? entries.values() : [])].filter(
        // An instance that was stopped is forgotten by PID 1, too, unless something enables it.
        ({ name, active }) =>
          !files.includes(name) &&
          files.includes(templateOf(name)) &&
          (active !== "inactive" || enabled.has(name)),
      );
      return [...files, ...instances.map((entry) => entry.name)].sort().map((name) => {
        const entry = entries.get(name);
        const none = isTemplate(name)
          ? { load: "loaded", active: "inactive" }
          : { load: UNKNOWN, active: UNKNOWN };
        const isEnabled =
          enabled.has(name) || (isTemplate(name) && [...enabled].some((one) => templateOf(one) === name));
        return {
          name,
          load: entry?.load ?? none.load,
          active: entry?.active ?? none.active,
          sub: entry?.sub ?? "",
          enabled: isEnabled,
          since: entry?.since ?? null,
        };
      });
    },
  };
}
