import { detach, type Request, restart, upgrade } from "./ask";
import type { Case } from "./cases";
import type { Version } from "./checker";
import { COLLIDING, versionsOf } from "./services";
import { runTrial, type Trial } from "./trial";
import type { World } from "./world";

/** Names and versions that are not there, some of them paths. */
const NOWHERE = {
  "unknown-service": ["zzz", "1.0.0", null],
  "unknown-version": ["web", "9.9.9", "1.0.0"],
  "path-as-service": ["/srv/web/web_1.0.0.raw", "1.0.0", null],
  "path-as-version": ["web", "/srv/web/web_2.0.0.raw", "1.0.0"],
  "path-that-is-not-there": ["web", "../nowhere/web_2.0.0", "1.0.0"],
  "wrong-expectation": ["web", "2.0.0", "7"],
  "file-name-as-service": ["web_1.0.0.raw", "1.0.0", null],
  "half-a-name": ["w", "1.0.0", null],
} as const;

/** Every operation on every name that portabled takes for another's, with all of them attached. */
export function nameCases(): Case[] {
  return [
    ...COLLIDING.flatMap((name) => operationsOn(name)),
    ...(["2", "_app_2", "_db_2"] as const).map((version) => stemCase(version)),
    underscore(),
    ...Object.entries(NOWHERE).flatMap(([title, [service, version, expected]]) => [
      harmless(`names/${title}/deploy`, upgrade(service, version, expected)),
      harmless(`names/${title}/detach`, detach(service, version)),
      harmless(`names/${title}/restart`, restart(title === "wrong-expectation" ? "zzz" : service), service),
    ]),
  ];
}

function operationsOn(name: string): Case[] {
  const known = versionsOf(name);
  const only = (...labels: string[]) => known.filter(({ label }) => labels.includes(label));
  const base = (request: Request, allowed: readonly (Version | null)[]): Trial => ({
    request,
    allowed,
    known,
  });
  const trials: Record<string, Trial> = {
    upgrade: base(upgrade(name, "2.0.0", "1.0.0"), only("1.0.0", "2.0.0")),
    rollback: base(upgrade(name, "0.9.0", "1.0.0"), only("1.0.0", "0.9.0")),
    detach: base(detach(name, "1.0.0"), [null, ...only("1.0.0")]),
    restart: base(restart(name), only("1.0.0")),
  };
  const plainCases = Object.entries(trials).map(([verb, trial]): Case => {
    const title = `names/${name}-among-others/${verb}`;
    return { name: title, run: (world) => runTrial(world, trial), quick: QUICK.has(title) };
  });
  return [...plainCases, attachCase(name, base(upgrade(name, "2.0.0", null), [null, ...only("2.0.0")]))];
}

/** A first attach, beside the others. */
function attachCase(name: string, trial: Trial): Case {
  const run = async (world: World) => {
    const image = `/srv/${name}/${name}_1.0.0.raw`;
    await world.takeOff(`${name}.service`, image);
    return runTrial(world, trial);
  };
  return { name: `names/${name}-among-others/attach`, run };
}

/** `my_app` and `my_db` share a stem: whatever is asked of "my", both stay. */
function stemCase(version: string): Case {
  return harmless(`names/my_app-and-my_db/deploy-${version}`, upgrade("my", version, "_app_1"), "my");
}

/** `web__1.0.0.raw`: to us version `_1.0.0` of `web`; its units are of another name. */
function underscore(): Case {
  const request = upgrade("web", "_1.0.0", "1.0.0");
  const known = versionsOf("web");
  const trial: Trial = { request, allowed: known.slice(0, 1), known };
  const run = async (world: World) => {
    await world.box.mustExec(["cp", "/srv/we/we_1.0.0.raw", "/srv/web/web__1.0.0.raw"]);
    return runTrial(world, trial);
  };
  return { name: "names/web_/upgrade", run };
}

/** Nothing may change at all: no version of any service is allowed to move. */
function harmless(name: string, request: Request, service = ""): Case {
  const isRestart = request.method === "Restart" && service === "web";
  const known = isRestart ? versionsOf("web") : [];
  const trial: Trial = { request, allowed: isRestart ? known.slice(0, 1) : [null], known };
  return { name, run: (world) => runTrial(world, trial) };
}

const QUICK = new Set([
  "names/web-among-others/upgrade",
  "names/we-among-others/upgrade",
  "names/web-among-others/detach",
  "names/web-2-among-others/rollback",
]);
