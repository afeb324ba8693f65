import { detach, type Request, restart, upgrade } from "./ask";
import type { Version } from "./checker";
import { versionsOf } from "./services";
import type { World } from "./world";

/** Something that can be asked of the engine, with what may come of it. */
export interface Operation {
  /** Stands in the names of its cases; an upgrade's have none. */
  readonly title: string;
  readonly request: Request;
  readonly allowed: readonly (Version | null)[];
  readonly known: readonly Version[];
  /** Brings the host to where the request makes sense. */
  readonly prepare: (world: World) => Promise<void>;
}

const APP = versionsOf("app");
const TWIN = versionsOf("twin");
const only = (versions: readonly Version[], ...labels: string[]) =>
  versions.filter(({ label }) => labels.includes(label));
const nothingToDo = () => Promise.resolve();

/** The upgrade that most cases are about. */
export const GOOD: Operation = appUpgrade("2.0.0");
/** One whose new version is gone soon after it started: it has a way back. */
export const FALLING: Operation = appUpgrade("3.0.0");

export const OTHERS: readonly Operation[] = [
  {
    title: "attach",
    request: upgrade("twin", "2.0.0", null),
    allowed: [null, ...only(TWIN, "2.0.0")],
    known: TWIN,
    prepare: (world) => world.takeOff("twin.service", "/srv/twin/twin_1.0.0.raw"),
  },
  {
    title: "detach",
    request: detach("twin", "1.0.0"),
    allowed: [null, ...only(TWIN, "1.0.0")],
    known: TWIN,
    prepare: nothingToDo,
  },
  {
    title: "restart",
    request: restart("twin"),
    allowed: only(TWIN, "1.0.0"),
    known: TWIN,
    prepare: nothingToDo,
  },
];

function appUpgrade(version: string): Operation {
  return {
    title: "",
    request: upgrade("app", version, "1.0.0"),
    allowed: only(APP, "1.0.0", version),
    known: APP,
    prepare: nothingToDo,
  };
}
