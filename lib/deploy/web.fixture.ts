import { readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { createFakeHost, type FakeImage } from "@/lib/deploy/fake-systemd";
import { readGround } from "@/lib/deploy/ground";
import { planDeployment } from "@/lib/deploy/plan";
import { runDeployment } from "@/lib/deploy/run";
import { BLANK, type FakeHost, makeRun, type Signals } from "@/lib/deploy/run.fixture";

export const unit = (version: string) => ({
  "web.service": `[Service]\n# ${version}\n[Install]\nWantedBy=multi-user.target\n`,
});
const OTHER: FakeImage = { units: { "other.service": "[Service]\n" } };
const hosts: FakeHost[] = [];

/** To be called after each test. */
export async function removeHosts(): Promise<void> {
  for (const host of hosts.splice(0)) await rm(host.root, { recursive: true });
}

export const CHOICE = { matches: ["web"], units: ["web.service"] };
export const OPTIONS = { matches: ["web"], profile: "default", location: "persistent" } as const;

/** A host where web 1.0 and another service run, and web 2.0 behaves as told. */
export function hostWith(next: Omit<FakeImage, "units">, settleMs?: number): Promise<FakeHost> {
  const images = { "web_1.0": { units: unit("1.0") }, "web_2.0": { units: unit("2.0"), ...next } };
  return hostWithImages(images, ["web.service"], settleMs);
}

export async function hostWithImages(
  images: Readonly<Record<string, FakeImage>>,
  running: readonly string[],
  settleMs?: number,
): Promise<FakeHost> {
  const host = await createFakeHost({ ...images, "other_1.0": OTHER }, settleMs);
  hosts.push(host);
  for (const name of ["web", "other"])
    await host.systemd.attachImage(path.join(host.root, `srv/${name}/${name}_1.0.raw`), {
      ...OPTIONS,
      matches: [name],
    });
  for (const name of [...running, "other.service"]) await host.systemd.runJob("start", name);
  host.systemd.calls.length = 0;
  return host;
}

type Decide = (ground: Awaited<ReturnType<typeof readGround>>) => ReturnType<typeof planDeployment>;

export async function prepare(host: FakeHost, decide: Decide, signals: Signals = {}) {
  const ground = await readGround(host, "web", null);
  const planned = decide(ground);
  if (!planned.ok) throw new Error(`refused: ${planned.refusal.code}`);
  return { run: makeRun(host, planned.plan, signals), ground };
}

export async function run(host: FakeHost, decide: Decide, signals: Signals = {}) {
  const prepared = await prepare(host, decide, signals);
  await runDeployment(prepared.run, prepared.ground, signals.graceMs ?? 0);
  await prepared.run.deadMan.forget(BLANK.id);
  return { deployment: prepared.run.record.current };
}

export function deploy(host: FakeHost, version: string, signals: Signals = {}) {
  return run(host, (ground) => planDeployment(ground, version), signals);
}

export async function attachedImage(host: FakeHost): Promise<string | null> {
  const marker = path.join(host.paths.attached.persistent, "web.service.d/20-portable.conf");
  const text = await readFile(marker, "utf8").catch(() => "");
  return /'.*\/([^/']+)'/.exec(text)?.[1] ?? null;
}

export async function attachedTree(host: FakeHost, service: string): Promise<Record<string, string>> {
  const directory = host.paths.attached.persistent;
  const names = (await readdir(directory, { recursive: true })).filter((name) => name.startsWith(service));
  const files = await Promise.all(
    names.map(async (name) => [name, await readFile(path.join(directory, name), "utf8").catch(() => "")]),
  );
  return Object.fromEntries(files);
}
