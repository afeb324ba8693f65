import type { Page } from "@playwright/test";
import { ask, askEngine, expect, signIn, test, unitProperty, useHost } from "./fixtures";
import type { Box } from "./lab/box";
import { DEMO_PORTS } from "./lab/demo-images";
import { placeImage } from "./lab/fill";
import { buildImage, type ImageSpec } from "./lab/image";
import { waitUntil } from "./lab/processes";

type Case = Pick<ImageSpec, "without" | "directories"> & {
  readonly settings?: string;
  readonly says: string;
  /** The one whose profile leaves users alone; else a service that is not attached. */
  readonly service?: "metrics";
};

const BAD = "Would not start: ";
const lacks = (path: string): Case => ({
  without: [path],
  says: `${BAD}the image lacks the empty directory ${path},`,
});
const lacksFile = (path: string): Case => ({
  without: [path],
  says: `${BAD}the image lacks the file ${path},`,
});

/** What can be wrong, row by row as in the list of portabled's failures. */
const CASES: readonly Case[] = [
  { says: "Rehearsed " },
  ...["/proc", "/sys", "/dev", "/run", "/tmp", "/var/tmp"].map(lacks),
  ...["/etc/machine-id", "/etc/resolv.conf"].map(lacksFile),
  {
    settings: "StateDirectory=probe",
    says: `${BAD}probe.service keeps data in /var/lib/probe (StateDirectory=)`,
  },
  {
    settings: "CacheDirectory=probe",
    says: `${BAD}probe.service keeps data in /var/cache/probe (CacheDirectory=)`,
  },
  {
    settings: "StateDirectory=probe\nCacheDirectory=probe\nLogsDirectory=probe\nRuntimeDirectory=probe",
    directories: ["/var/lib/probe", "/var/cache/probe", "/var/log/probe"],
    says: "Rehearsed ",
  },
  {
    settings: "TemporaryFileSystem=/var/lib\nStateDirectory=probe",
    directories: ["/var/lib"],
    says: "Rehearsed ",
  },
  {
    settings: "BindPaths=/srv/none:/data",
    directories: ["/data"],
    says: `${BAD}the host has no /srv/none, which probe.service wants to use.`,
  },
  { settings: "BindPaths=-/srv/none:/data", directories: ["/data"], says: "Rehearsed " },
  {
    settings: "BindReadOnlyPaths=/etc/systemd:/data",
    says: `${BAD}the image has no /data on which /etc/systemd of the host could be mounted.`,
  },
  { settings: "ReadWritePaths=/none", says: `${BAD}the image lacks the empty directory /none,` },
  {
    settings: "ExecStart=\nExecStart=/usr/bin/none",
    says: `${BAD}the image does not hold the program /usr/bin/none`,
  },
  {
    settings: "WorkingDirectory=/none",
    says: `${BAD}probe.service works in /none, which does not exist in the image.`,
  },
  { settings: "EnvironmentFile=/etc/none", says: `${BAD}the host has no settings file /etc/none` },
  { settings: "EnvironmentFile=-/etc/none", says: "Rehearsed " },
  {
    settings: "LoadCredential=key:/etc/none",
    says: `${BAD}a credential that probe.service loads is missing`,
  },
  {
    service: "metrics",
    settings: "User=nobodyhere",
    says: `${BAD}metrics.service runs as the user nobodyhere,`,
  },
  {
    service: "metrics",
    settings: "Group=nobodyhere",
    says: `${BAD}metrics.service runs with the group nobodyhere,`,
  },
  {
    settings: "BindPaths=/srv/none-%N:/data",
    directories: ["/data"],
    says: `${BAD}the host has no /srv/none-probe,`,
  },
];

for (const suite of ["trixie", "bookworm", "forky"] as const) {
  test.describe(`on ${suite}`, () => {
    test.describe.configure({ mode: "serial" });
    const host = useHost({ suite });

    test("each thing that an image or the host can lack is said in words", async ({ page }) => {
      test.setTimeout(180_000);
      for (const [index, one] of CASES.entries()) await place(host(), one, index);
      await signIn(page, host());
      for (const service of ["probe", "metrics"] as const) {
        const cases = [...CASES.entries()].filter(([, one]) => (one.service ?? "probe") === service);
        const versions = cases.map(([index]) => labelOf(index));
        expect((await askEngine(host(), "Rehearse", { service, versions })).ok).toBe(true);
        await page.goto(`${host().baseUrl}/services/${service}`);
        for (const [index, one] of cases)
          await expect
            .soft(versionRow(page, labelOf(index)), `${index}: ${one.settings ?? one.without}`)
            .toContainText(one.says, { timeout: 20_000 });
      }
      await expectNothingLeft(host());
    });
  });
}

test.describe("beside a busy service", () => {
  test.describe.configure({ mode: "serial" });
  const host = useHost();

  test("100 rehearsals leave its data, its process and the host as they were", async () => {
    test.setTimeout(240_000);
    await ask(host(), DEMO_PORTS.guestbook, "/cgi-bin/index.cgi");
    const before = await dataOf(host());
    const process = await processOf(host());
    const visits = await visitsOf(host());
    await expectNothingLeft(host()); // what the engine rehearses by itself is no part of this
    const loops = await loopsOf(host());
    const done = await rehearsalsOf(host());
    let asked = 0;
    for (let round = 1; round <= 50; round++) {
      await askEngine(host(), "Rehearse", { service: "guestbook", versions: ["2.0.0", "2.1.0"] });
      await ask(host(), DEMO_PORTS.guestbook, "/cgi-bin/index.cgi");
      asked++;
      const isDone = await waitUntil(async () => (await rehearsalsOf(host())) >= done + 2 * round, 20_000);
      expect(isDone, `round ${round}`).toBe(true);
    }
    expect(await dataOf(host())).toBe(before);
    expect(await processOf(host())).toBe(process);
    expect(await visitsOf(host())).toBe(visits + asked); // each visitor wrote into the data directory meanwhile
    await expectNothingLeft(host());
    // A program that cannot be executed is in the journal before PID 1 lets go of its mounts, and the kernel removes the loop device after that.
    await expect.poll(() => loopsOf(host()), { timeout: 10_000 }).toBe(loops);
  });

  test("a directory that does not exist yet is not made", async ({ page }) => {
    await signIn(page, host());
    await page.goto(`${host().baseUrl}/services/backup`);
    await host().mustExec(["rm", "-rf", "/var/lib/private/backup", "/var/lib/backup"]);
    await page.getByRole("button", { name: "Rehearse 0.8.0" }).click();
    await expect(versionRow(page, "0.8.0")).toContainText("Rehearsed just now");
    await host().mustExec(["test", "!", "-e", "/var/lib/private/backup"]);
  });

  test("what a killed engine left behind is gone when it is back", async () => {
    const left = "/run/systemd/system/attache-rehearsal-00000000-0000-4000-8000-000000000000.service";
    await host().mustExec(["sh", "-c", 'printf "[Service]\\nExecStart=/none\\n" > "$1"', "sh", left]);
    await host().mustExec(["systemctl", "kill", "--signal=KILL", "attache-engine.service"]);
    const isGone = await waitUntil(async () => (await host().exec(["test", "-e", left])).code !== 0, 20_000);
    expect(isGone).toBe(true);
  });
});

async function place(box: Box, one: Case, index: number): Promise<void> {
  const service = one.service ?? "probe";
  const settings = `ExecStart=/usr/bin/busybox tail -f /dev/null\n${one.settings ?? ""}`;
  const unit = `[Service]\n${settings}\n[Install]\nWantedBy=multi-user.target\n`;
  const { without = [], directories = [] } = one;
  const spec = {
    service,
    version: labelOf(index),
    units: { [`${service}.service`]: unit },
    without,
    directories,
  };
  placeImage(box, await buildImage(spec), `/srv/${service}`);
}

function labelOf(index: number): string {
  return `1.0.${index}`;
}

function versionRow(page: Page, label: string) {
  return page
    .locator(".versions > li")
    .filter({ has: page.getByRole("heading", { name: label, exact: true }) });
}

/** Owner, mode and identity of everything in the guest book's directories, and of what holds them. */
function dataOf(box: Box): Promise<string> {
  const find =
    "find /data/guestbook /var/lib/guestbook /var/lib/private -printf '%p %y %u %g %m %i\\n' | sort";
  return box.mustExec(["sh", "-c", find]);
}

async function visitsOf(box: Box): Promise<number> {
  return Number(await box.mustExec(["cat", "/var/lib/private/guestbook/visits"]));
}

async function processOf(box: Box): Promise<string> {
  const facts = ["MainPID", "InvocationID", "NRestarts"].map((name) =>
    unitProperty(box, "guestbook.service", name),
  );
  return (await Promise.all(facts)).join(" ");
}

function loopsOf(box: Box): Promise<string> {
  const list =
    "for one in 2.0.0 2.1.0; do losetup --associated /srv/guestbook/guestbook_$one.raw; done | wc -l";
  return box.mustExec(["sh", "-c", list]);
}

/** How many rehearsals came as far as looking for a program. */
async function rehearsalsOf(box: Box): Promise<number> {
  const script =
    'journalctl --sync; journalctl -q -b -o cat | grep -c "attache-rehearsal-.*Failed at step EXEC"';
  return Number((await box.exec(["sh", "-c", script])).stdout);
}

async function expectNothingLeft(box: Box): Promise<void> {
  const units = () => box.mustExec(["systemctl", "list-units", "--all", "--no-legend", "attache-rehearsal*"]);
  expect(await waitUntil(async () => (await units()) === "", 5000)).toBe(true);
  expect(await box.mustExec(["find", "/", "-xdev", "-name", "*attache-rehearsal*"])).toBe("");
  for (const directory of ["/run", "/tmp", "/var/tmp"])
    expect(await box.mustExec(["find", directory, "-name", "*attache-rehearsal*"])).toBe("");
  expect((await box.exec(["systemctl", "--failed", "--no-legend"])).stdout).toBe("");
}
