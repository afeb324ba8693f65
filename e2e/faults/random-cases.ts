import { upgrade } from "./ask";
import type { Case } from "./cases";
import { versionsOf } from "./services";
import { killingAfter, type Target } from "./strikes";
import { runTrial, type Trial } from "./trial";

const APP = versionsOf("app");
/** Of how many one is struck a second time, on its way back to order. */
const TWICE_OF = 4;
/** How often each is drawn; a boot takes longer than all the others together. */
const DRAWN: readonly (readonly Target[])[] = [
  ["engine"],
  ["engine"],
  ["engine"],
  ["portabled"],
  ["portabled"],
  ["dbus-daemon"],
  ["dbus-daemon"],
  ["engine", "portabled"],
  ["engine", "dbus-daemon"],
  ["box"],
];
const VERSIONS = ["2.0.0", "2.0.0", "3.0.0", "0.9.0"] as const;

/**
 * Kills of random targets at random moments of an operation that undisturbed takes `lastsMs`. Each follows from the
 * seed and its number alone, so that one can be run again.
 */
export function randomCases(count: number, seed: number, lastsMs: number): Case[] {
  return Array.from({ length: count }, (_, n) => randomCase(seed, n, lastsMs));
}

function randomCase(seed: number, n: number, lastsMs: number): Case {
  const random = createRandom(seed * 1_000_003 + n);
  const pick = <T>(list: readonly T[], fallback: T): T =>
    list[Math.floor(random() * list.length)] ?? fallback;
  const version = pick(VERSIONS, "2.0.0");
  const blow = () => ({ afterMs: Math.floor(random() * lastsMs), targets: pick(DRAWN, ["engine"]) });
  const blows = random() * TWICE_OF < 1 ? [blow(), blow()] : [blow()];
  const trial: Trial = {
    request: upgrade("app", version, "1.0.0"),
    allowed: APP.filter(({ label }) => label === "1.0.0" || label === version),
    known: APP,
    strike: killingAfter(blows),
  };
  return { name: `random/${seed}/${n}`, run: (world) => runTrial(world, trial) };
}

/** Mulberry32: small, and the same on every machine. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
