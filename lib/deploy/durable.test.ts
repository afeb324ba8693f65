import { existsSync, readlinkSync } from "node:fs";
import { type FileHandle, open, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createIntents } from "@/lib/deploy/intent";
import { planDetach } from "@/lib/deploy/plan";
import { BLANK, type FakeHost } from "@/lib/deploy/run.fixture";
import { deploy, hostWith, removeHosts, run } from "@/lib/deploy/web.fixture";

afterEach(removeHosts);

describe("bug: a power cut after the way back was given up left empty unit files", () => {
  const FILES = ["web.service", "web.service.d", "web.service.d/20-portable.conf", ""];

  it("what a switch wrote is on disk before that", async () => {
    const host = await hostWith({ behaviour: "stays" });
    const deployed = deploy(host, "2.0");
    expect(await syncedWhile(host, deployed)).toEqual(expect.arrayContaining(FILES));
    expect((await deployed).deployment.outcome).toBe("succeeded");
  });

  it("so is what a way back wrote", async () => {
    const host = await hostWith({ behaviour: "dies" });
    const deployed = deploy(host, "2.0");
    expect(await syncedWhile(host, deployed)).toEqual(expect.arrayContaining(FILES));
    expect((await deployed).deployment.outcome).toBe("reverted");
  });

  it("so is that a detach took them away", async () => {
    const host = await hostWith({ behaviour: "stays" });
    const detached = run(host, (ground) => planDetach(ground));
    expect(await syncedWhile(host, detached)).toEqual([""]);
    expect((await detached).deployment.outcome).toBe("succeeded");
  });

  it("bug: the last detach of a host was undone, since portabled had removed its directory", async () => {
    const host = await hostWith({ behaviour: "stays" });
    const { reload } = host.systemd;
    host.systemd.reload = async () => {
      await rm(host.paths.attached.persistent, { recursive: true });
      await reload.call(host.systemd);
    };
    expect((await run(host, (ground) => planDetach(ground))).deployment.outcome).toBe("succeeded");
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
  const readable = JSON.stringify({ format: 1 });
  await writeFile(file, readable); // somebody has deployed it meanwhile
  await intents.setAside(file);
  expect(await readFile(file, "utf8")).toBe(readable);
  await writeFile(file, "{");
  await intents.setAside(file);
  expect(await intents.all()).toEqual({ intents: [], unreadable: [] });
  expect(await readFile(`${file}.unreadable`, "utf8")).toBe("{");
  await intents.setAside(file); // it is gone
});

/** What was flushed below the directory of attached files, as long as the way back had its name. */
async function syncedWhile(host: FakeHost, work: Promise<unknown>): Promise<string[]> {
  await using probe = await open(host.root, "r");
  const handles = Object.getPrototypeOf(probe);
  const seen: string[] = [];
  const { sync } = handles;
  handles.sync = async function (this: FileHandle) {
    const name = path.relative(host.paths.attached.persistent, readlinkSync(`/proc/self/fd/${this.fd}`));
    if (!name.startsWith("..") && existsSync(path.join(host.root, "way-back", BLANK.id))) seen.push(name);
    return sync.call(this);
  };
  await work.finally(() => {
    handles.sync = sync;
  });
  return seen;
}
