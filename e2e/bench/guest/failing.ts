import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import type { Deployment } from "@/lib/deploy/types";
import { changedServices, readAttachedFiles } from "./attached-files";
import { openEngine } from "./engine";
import { deployToEnd } from "./outcomes";
import { unitFacts } from "./unit-facts";

/** Switches of `fragile` that fail, each in its own way, and what the host looks like afterwards. */
export interface Failing {
  /** How each ended: `reverted` after something was changed, `refused` before. */
  readonly ends: Readonly<Record<string, readonly string[]>>;
  /** Services without unit files, or that do not run the old version, once it was over. */
  readonly withoutFiles: readonly string[];
  readonly othersChanged: readonly string[];
}

/** By version; made by `fragile-images.ts`. */
const KINDS = {
  "2.0.0": "exits at once",
  "1.1.0": "exits after a second",
  "1.2.0": "lacks a mount point, foreseen",
  "2.1.0": "lacks a mount point, not foreseen",
  "2.2.0": "breaks between check and reattach",
  "2.3.0": "reattach fails half way",
} as const;
type Version = keyof typeof KINDS;

const OLD = "1.0.0";
const UNIT = "fragile.service";
const OBSTACLE = "/etc/systemd/system.attached/fragile-more.service.d";
const imageOf = (version: string) => `/srv/fragile/fragile_${version}.raw`;

const [rounds = "4", ...others] = process.argv.slice(2);
const door = await openEngine();
const ends: Record<string, string[]> = Object.fromEntries(Object.values(KINDS).map((kind) => [kind, []]));
const withoutFiles: string[] = [];
const othersChanged: string[] = [];
for (let round = 0; round < Number(rounds); round++)
  for (const version of asVersions(Object.keys(KINDS))) {
    const undo = await prepare(version);
    const before = readAttachedFiles();
    const onChange = version === "2.2.0" ? breaker(version) : undefined;
    const { outcome } = await deployToEnd(
      door,
      { service: "fragile", version, expected: OLD, graceMs: 0, despiteMark: true },
      onChange,
    ).catch(refused);
    if (outcome === "succeeded") throw new Error(`${version} ${KINDS[version]}, and stays`);
    ends[KINDS[version]]?.push(String(outcome));
    const after = readAttachedFiles();
    othersChanged.push(...changedServices(others, before, after).map((one) => `${one} (${KINDS[version]})`));
    const [facts] = await unitFacts([UNIT]);
    const isWhole =
      facts !== undefined &&
      facts.load === "loaded" &&
      facts.active === "active" &&
      facts.image === imageOf(OLD) &&
      existsSync(facts.file) &&
      changedServices(["fragile"], before, after).length === 0;
    if (!isWhole) withoutFiles.push(`${KINDS[version]}: ${JSON.stringify(facts)}`);
    await undo();
    console.error(`${KINDS[version]}: ${outcome}`);
  }
console.log(JSON.stringify({ ends, withoutFiles, othersChanged } satisfies Failing));
door.close();

/** What has to lie on the host for a version to fail in its way. Answers how to take it away. */
async function prepare(version: Version): Promise<() => Promise<void>> {
  if (version === "2.3.0") {
    // No check can see this coming: where portabled wants a directory for the second unit, there is a file.
    await writeFile(OBSTACLE, "");
    return () => rm(OBSTACLE);
  }
  if (version === "2.2.0") {
    const path = imageOf(version);
    await rename(`${path}.good`, path).catch(() => undefined);
    return async () => undefined;
  }
  return async () => undefined;
}

/** Breaks the image as soon as the way back is armed, which is after the check and before the reattach. */
function breaker(version: Version): (deployment: Deployment) => void {
  let isDone = false;
  return ({ steps }) => {
    if (isDone || !steps.some(({ name }) => name === "arm")) return;
    isDone = true;
    void breakImage(imageOf(version));
  };
}

async function breakImage(path: string): Promise<void> {
  await writeFile(`${path}.bad`, randomBytes(300_000));
  await rename(path, `${path}.good`);
  await rename(`${path}.bad`, path);
}

/** A refusal at the door is an end as good as any other. */
function refused(error: Error): Pick<Deployment, "outcome"> {
  if (error.name !== "AppError") throw error;
  return { outcome: "refused" };
}

/** Safe: called with the keys of `KINDS` only. */
function asVersions(words: readonly string[]): Version[] {
  return words as Version[];
}
