import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type Before, judge, type Version } from "./checker";
import type { Shown } from "./show";
import type { Entry, Tree } from "./tree";

const root = mkdtempSync(join(tmpdir(), "attache-checker-"));
mkdirSync(join(root, "profile"));
writeFileSync(join(root, "profile/service.conf"), "");
for (const [pid, version] of [
  [100, "1"],
  [200, "2"],
])
  putProcess(Number(pid), String(version));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const box = { rootPath: (path: string) => join(root, path) };
const version = (label: string, ...units: string[]): Version => ({
  label,
  image: `/srv/a/a_${label}.raw`,
  units: Object.fromEntries(units.map((unit) => [unit, `[Service]\n# ${unit} ${label}\n`])),
});
const ONE = version("1", "a.service");
const TWO = version("2", "a.service", "a-more.service");
const ATTACHED = "/etc/systemd/system.attached";
const LINK = `${ATTACHED}/multi-user.target.wants/a.service`;

const file = (text: string): Entry => ({ kind: "file", text, mode: 0o644 });
const link = (text: string): Entry => ({ kind: "link", text, mode: 0o777 });

function filesOf({ image, units }: Version): [string, Entry][] {
  return Object.entries(units).flatMap(([unit, text]): [string, Entry][] => [
    [`${ATTACHED}/${unit}`, file(text)],
    [`${ATTACHED}/${unit}.d/20-portable.conf`, file(`[Service]\nRootImage=${image}\n`)],
    [`${ATTACHED}/${unit}.d/10-profile.conf`, link("/profile/service.conf")],
  ]);
}

const shown = (unit: string, { image }: Version, change: Partial<Shown> = {}): [string, Shown] => [
  unit,
  {
    ...{ unit, load: "loaded", active: "active", sub: "running", root: image, needReload: false },
    ...{ invocation: "run", mainPid: 100, startedUs: 1 },
    ...change,
  },
];
const OTHERS: [string, Entry][] = filesOf(version("7", "b.service"));
const host = (files: [string, Entry][], units: [string, Shown][], others = OTHERS): Before => ({
  files: new Map([...files, ...others, [LINK, link("../a.service")]]) satisfies Tree,
  units: new Map([...units, shown("b.service", version("7", "b.service"))]),
});
const BEFORE = host(filesOf(ONE), [shown("a.service", ONE)]);
const problems = (now: Before) =>
  judge(box, { allowed: [ONE, TWO], known: [ONE, TWO], before: BEFORE, rebooted: false }, now);

describe("the checker", () => {
  it("has nothing against the old version", () => {
    expect(problems(BEFORE)).toEqual([]);
  });

  it("has nothing against the new one, with a unit that wants to be enabled", () => {
    const now = host(
      [...filesOf(TWO), [`${ATTACHED}/multi-user.target.wants/a-more.service`, link("../a-more.service")]],
      [shown("a.service", TWO, { mainPid: 200, invocation: "next" }), shown("a-more.service", TWO)],
    );
    // The second process was started from the first version's image.
    expect(problems(now)).toEqual(["the process of a-more.service is of 1"]);
  });

  it("tells a version by its image, not by who describes it", () => {
    const allowed = [version("1", "a.service")];
    expect(judge(box, { allowed, known: [ONE, TWO], before: BEFORE, rebooted: false }, BEFORE)).toEqual([]);
  });

  it.each<[string, Before, RegExp]>([
    ["nothing is attached", host([], [shown("a.service", ONE)]), /attached is nothing/],
    [
      "a unit is missing",
      host(filesOf(TWO).slice(0, 3), [shown("a.service", TWO, { mainPid: 200 })]),
      /a-more.service is not on disk/,
    ],
    [
      "both versions lie there",
      host([...filesOf(ONE), ...filesOf(TWO).slice(3)], [shown("a.service", ONE)]),
      /several images/,
    ],
    [
      "the profile is gone",
      host(filesOf(ONE).slice(0, 2), [shown("a.service", ONE)]),
      /a.service has profile none/,
    ],
    [
      "PID 1 was not told",
      host(filesOf(ONE), [shown("a.service", ONE, { needReload: true })]),
      /needs a daemon-reload/,
    ],
    [
      "the process is another version's",
      host(filesOf(ONE), [shown("a.service", ONE, { mainPid: 200 })]),
      /process of a.service is of 2/,
    ],
    [
      "it does not run",
      host(filesOf(ONE), [shown("a.service", ONE, { active: "failed", mainPid: 0 })]),
      /ran and is failed/,
    ],
    [
      "it fails again and again",
      host(filesOf(ONE), [
        shown("a.service", ONE, { active: "activating", sub: "auto-restart", mainPid: 0 }),
      ]),
      /auto-restart/,
    ],
    [
      "a unit of the other version still runs",
      host(filesOf(ONE), [shown("a.service", ONE), shown("a-more.service", TWO)]),
      /a-more.service runs and is of no version/,
    ],
    [
      "another service lost a file",
      host(filesOf(ONE), [shown("a.service", ONE)], OTHERS.slice(1)),
      /b.service of another service changed/,
    ],
  ])("speaks up when %s", (_, now, words) => {
    expect(problems(now).join("\n")).toMatch(words);
  });
});

function putProcess(pid: number, label: string): void {
  const directory = join(root, `proc/${pid}/root/usr/lib`);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "os-release"), `VERSION_ID="${label}"\n`);
}
