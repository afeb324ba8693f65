import { open, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createIntents } from "@/lib/deploy/intent";
import { planDetach } from "@/lib/deploy/plan";
import { BLANK, type FakeHost } from "@/lib/deploy/run.fixture";
import { deploy, hostWith, removeHosts, run } from "@/lib/deploy/web.fixture";

vi.mock("node:fs/promises", { spy: true });

beforeEach(() => void vi.clearAllMocks());
afterEach(removeHosts);

describe("bug: a power cut after the way back was given up left empty unit files", () => {
  const FILES = ["web.service", "web.service.d", "web.service.d/20-portable.conf", ""];

  it("what a switch wrote is on disk before that", async () => {
    const host = await hostWith({ behaviour: "stays" });
    expect((await deploy(host, "2.0")).deployment.outcome).toBe("succeeded");
    expect(syncedBefore(host, "over")).toEqual(expect.arrayContaining(FILES));
  });

  it("so is what a way back wrote", async () => {
    const host = await hostWith({ behaviour: "dies" });
    expect((await deploy(host, "2.0")).deployment.outcome).toBe("reverted");
    expect(syncedBefore(host, "over")).toEqual(expect.arrayContaining(FILES));
  });

  it("so is that a detach took them away", async () => {
    const host = await hostWith({ behaviour: "stays" });
    expect((await run(host, (ground) => planDetach(ground))).deployment.outcome).toBe("succeeded");
    expect(syncedBefore(host, "over")).toEqual([""]);
  });
});

it("bug: an intent that could not be read was out of the way before what it began was undone", async () => {
  const host = await hostWith({ behaviour: "stays" });
  const directory = path.join(host.root, "intents");
  const intents = createIntents(directory);
  await deploy(host, "2.0");
  const file = path.join(directory, "web.json");
  await writeFile(file, "{");
  expect((await intents.all()).unreadable).toEqual([file]);
  expect((await intents.all()).unreadable).toEqual([file]);
  await intents.setAside(file);
  expect(await intents.all()).toEqual({ intents: [], unreadable: [] });
  expect(await readFile(`${file}.unreadable`, "utf8")).toBe("{");
});

/** What was opened for reading below the directory of attached files, before the way back got another name. */
function syncedBefore(host: FakeHost, end: string): string[] {
  const place = path.join(host.root, "way-back", BLANK.id);
  const index = vi.mocked(rename).mock.calls.findIndex(([, to]) => to === `${place}.${end}`);
  const givenUp = vi.mocked(rename).mock.invocationCallOrder[index] ?? 0;
  const { calls, invocationCallOrder } = vi.mocked(open).mock;
  return calls.flatMap(([file, flags], call) => {
    const isBefore = (invocationCallOrder[call] ?? 0) < givenUp;
    const name = path.relative(host.paths.attached.persistent, String(file));
    return isBefore && flags === "r" && !name.startsWith("..") ? [name] : [];
  });
}
