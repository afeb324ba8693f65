import { spawnSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, expect, it } from "vitest";

const SCRIPT = path.resolve("packaging/way-back");
const made: string[] = [];
afterEach(async () => {
  for (const directory of made.splice(0)) await rm(directory, { recursive: true });
});

/** Runs the script on one file of one unit, with a `systemctl` that only writes down what it is asked. */
async function wayBack(mode: readonly string[], onDisk: string) {
  const root = await mkdtemp(path.join(tmpdir(), "attache-way-back-"));
  made.push(root);
  const at = (...parts: string[]) => path.join(root, ...parts);
  await mkdir(at("way-back", "ID", "files"), { recursive: true });
  await mkdir(at("attached"));
  await mkdir(at("bin"));
  await writeFile(at("attached", "app.service"), onDisk);
  await writeFile(at("way-back", "ID", "files", "0"), "old");
  const rows = ["service app", `attached ${at("attached")}`, `file 0 ${at("attached/app.service")}`];
  await writeFile(
    at("way-back", "ID", "list"),
    [...rows, "ran app.service 1", "gone app-new.service", ""].join("\n"),
  );
  await mkdir(at("attached", "some.target.wants"));
  await symlink("../app-new.service", at("attached", "some.target.wants", "app-new.service"));
  await writeFile(at("bin", "systemctl"), `#!/bin/sh\necho "$*" >> ${at("asked")}\n`);
  await chmod(at("bin", "systemctl"), 0o755);
  const env = {
    ...process.env,
    ATTACHE_STATE_DIR: root,
    RUNTIME_DIRECTORY: root,
    PATH: `${at("bin")}:${process.env.PATH}`,
  };
  const { stderr } = spawnSync(SCRIPT, mode, { env, encoding: "utf8" });
  expect(stderr).toBe("");
  const asked = (await readFile(at("asked"), "utf8").catch(() => "")).split("\n");
  return {
    file: await readFile(at("attached", "app.service"), "utf8"),
    links: await readdir(at("attached", "some.target.wants")),
    result: (await readFile(at("way-back", "ID", "result"), "utf8")).trim(),
    asked: asked.filter((words) => words !== "" && !words.startsWith("show")),
  };
}

it("puts the old file back, has PID 1 read it and restarts what ran", async () => {
  expect(await wayBack(["go", "ID-1"], "new")).toEqual({
    file: "old",
    links: [],
    result: "restored",
    asked: [
      "kill --signal=KILL systemd-portabled.service",
      "daemon-reload",
      "stop app-new.service",
      "reset-failed app.service",
      "restart app.service",
    ],
  });
});

it("bug: files that an engine put back before it died were not read, and links of the new version stayed", async () => {
  const { asked, result, links } = await wayBack(["go", "ID-1"], "old");
  expect(asked).toEqual([
    "daemon-reload",
    "stop app-new.service",
    "reset-failed app.service",
    "restart app.service",
  ]);
  expect([result, links]).toEqual(["restored", []]);
});

it("leaves it to the boot to read and start what lies there as it was", async () => {
  const { asked, result } = await wayBack(["boot"], "old");
  expect([asked, result]).toEqual([[], "untouched"]);
});
