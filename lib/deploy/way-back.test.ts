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

interface Case {
  /** Text of the unit file that is attached. */
  readonly onDisk?: string;
  /** Rows of the list beyond those of `app.service`. */
  readonly rows?: readonly string[];
  /** Units that are enabled; with `isOld`, the list knows their links. */
  readonly enabled?: readonly string[];
  readonly isOld?: boolean;
  readonly hasList?: boolean;
  /** Units with portabled's marker, and the images that it names. */
  readonly markers?: Readonly<Record<string, string>>;
  /** Names of timers that PID 1 still has for it. */
  readonly timers?: string;
}

/** A unit that only the new version has, enabled. */
const NEW: Case = { rows: ["gone app-new.service"], enabled: ["app-new.service"] };

/** Runs the script on one file of one unit, with a `systemctl` that only writes down what it is asked. */
async function wayBack(mode: readonly string[], given: Case) {
  const root = await mkdtemp(path.join(tmpdir(), "attache-way-back-"));
  made.push(root);
  const { enabled = [] } = given;
  const at = (...parts: string[]) => path.join(root, ...parts);
  const wants = at("attached", "multi-user.target.wants");
  await mkdir(at("way-back", "ID", "files"), { recursive: true });
  await mkdir(wants, { recursive: true });
  await mkdir(at("bin"));
  await writeFile(at("attached", "app.service"), given.onDisk ?? "new");
  await writeFile(at("way-back", "ID", "files", "0"), "old");
  for (const [index, unit] of enabled.entries()) {
    await symlink(`/etc/${unit}`, path.join(wants, unit));
    await symlink(`/etc/${unit}`, at("way-back", "ID", "files", String(index + 1)));
  }
  for (const [unit, image] of Object.entries(given.markers ?? {})) {
    await mkdir(at("attached", `${unit}.d`));
    await writeFile(at("attached", unit), "");
    await writeFile(
      at("attached", `${unit}.d`, "20-portable.conf"),
      `# Drop-in created for image '${image}'`,
    );
  }
  const links = enabled.map((unit, index) => `file ${index + 1} ${path.join(wants, unit)}`);
  const rows = [
    "service app",
    `attached ${at("attached")}`,
    `file 0 ${at("attached/app.service")}`,
    ...(given.isOld ? links : []),
    "ran app.service 1",
    ...(given.rows ?? []),
  ];
  if (given.hasList !== false)
    await writeFile(at("way-back", "ID", "list"), rows.map((row) => `${row}\n`).join(""));
  await writeFile(
    at("bin", "systemctl"),
    `#!/bin/sh
case $1 in list-units) echo "${given.timers ?? ""}" ;; *) printf '%s\\n' "$*" >> ${at("asked")} ;; esac
`,
  );
  await chmod(at("bin", "systemctl"), 0o755);
  const env = {
    ...process.env,
    ATTACHE_STATE_DIR: root,
    RUNTIME_DIRECTORY: root,
    PATH: `${at("bin")}:${process.env.PATH}`,
  };
  const { stderr, status } = spawnSync(SCRIPT, mode, { env, encoding: "utf8" });
  const asked = (await readFile(at("asked"), "utf8").catch(() => "")).split("\n");
  return {
    file: await readFile(at("attached", "app.service"), "utf8"),
    asked: asked.filter((words) => words !== "" && !words.startsWith("show")),
    wants: await readdir(wants),
    attached: (await readdir(at("attached"))).sort(),
    inside: (await readdir(at("way-back", "ID"))).sort(),
    result: (await readFile(at("way-back", "ID", "result"), "utf8").catch(() => "")).trim(),
    stderr,
    status,
  };
}

it("puts the old file back, has PID 1 read it and restarts what ran", async () => {
  expect(await wayBack(["go", "ID-1"], NEW)).toMatchObject({
    file: "old",
    wants: [],
    result: "restored",
    asked: [
      "kill --signal=KILL systemd-portabled.service",
      "daemon-reload",
      "stop app-new.service",
      "reset-failed app.service",
      "restart app.service",
    ],
    stderr: "",
    status: 0,
  });
});

it("bug: files that an engine put back before it died were not read, and links of the new version stayed", async () => {
  const { asked, result, wants } = await wayBack(["go", "ID-1"], { onDisk: "old", ...NEW });
  expect(asked).toEqual([
    "daemon-reload",
    "stop app-new.service",
    "reset-failed app.service",
    "restart app.service",
  ]);
  expect([result, wants]).toEqual(["restored", []]);
});

it("bug: a reload of PID 1 that took longer than a sign of life keeps took a good version back", async () => {
  const timers = "attache-way-back@ID-7x3.timer loaded active waiting";
  const late = await wayBack(["go", "ID-7x2"], { timers });
  expect([late.file, late.asked, late.inside, late.status]).toEqual(["new", [], ["files", "list"], 0]);
  const wanted = await wayBack(["go", "ID-0"], { timers });
  expect([wanted.file, wanted.result]).toEqual(["old", "restored"]);
});

it("bug: a unit of another service with the name of a new one was taken off the host", async () => {
  const rows = ["image /srv/app/app_2.raw", "gone app@.service", "gone app-new.service"];
  const { attached } = await wayBack(["go", "ID-1"], {
    rows,
    markers: { "app@.service": "/srv/other/other_1.raw", "app-new.service": "/srv/app/app_2.raw" },
  });
  expect(attached).toEqual(["app.service", "app@.service", "app@.service.d", "multi-user.target.wants"]);
});

it("bug: a unit that only a layered version has stayed beside the old one", async () => {
  const { attached, result } = await wayBack(["go", "ID-1"], {
    rows: [
      "image /srv/app/äpp_2.raw",
      "image /srv/app/\\xc3\\xa4pp_2.raw",
      "gone app-new.service",
      "gone app-x.service",
    ],
    markers: {
      "app-new.service": "/srv/app/äpp_2.raw:/srv/layers/l_1.raw",
      "app-x.service": "/srv/app/\\xc3\\xa4pp_2.raw",
    },
  });
  expect([attached, result]).toEqual([["app.service", "multi-user.target.wants"], "restored"]);
});

it("tells when the files are back", async () => {
  expect((await wayBack(["go", "ID-1"], {})).inside).toEqual(["back", "files", "fired", "list", "result"]);
});

it("bug: a file went for good when the copy of it was gone", async () => {
  const { file, result } = await wayBack(["go", "ID-1"], { rows: ["file 9 /nowhere/app"] });
  expect([file, result]).toEqual(["old", "failed"]);
});

it("leaves it to the boot to read and start what lies there as it was", async () => {
  const { asked, result, stderr } = await wayBack(["boot"], { onDisk: "old" });
  expect([asked, result, stderr]).toEqual([[], "untouched", ""]);
});

it("bug: the enable link of a unit with a backslash in its name stayed", async () => {
  const unit = "app-a\\x2db.service";
  const { wants, stderr } = await wayBack(["go", "ID-1"], {
    rows: [`gone ${unit}`],
    enabled: [unit, "app-a2db.service", "app-axx2db.service"],
  });
  expect(wants.sort()).toEqual(["app-a2db.service", "app-axx2db.service"]);
  expect(stderr).toBe("");
});

it.each([
  [
    "with a backslash in its name was not started at boot",
    "app-a\\x2db.service",
    "app-a\\x2db.service",
    true,
  ],
  ["was started at boot for the link of another", "app.b.service", "app-b.service", false],
])("bug: a unit %s", async (_name, unit, linked, isStarted) => {
  const { asked } = await wayBack(["boot"], { rows: [`ran ${unit} 1`], enabled: [linked], isOld: true });
  expect(asked.includes(`--no-block start ${unit}`)).toBe(isStarted);
});

it.each([["go", "ID-1"], ["boot"]])(
  "bug: a directory without a list counted as untouched (%s)",
  async (...mode) => {
    const { file, asked, inside, stderr, status } = await wayBack(mode, { hasList: false });
    expect([file, asked, inside, status]).toEqual(["new", [], ["files"], 1]);
    expect(stderr).toMatch(/^way back ID: nothing was changed/);
  },
);
