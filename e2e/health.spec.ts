import type { Page } from "@playwright/test";
import type { Probe, ProbeAnswer } from "../lib/health/types";
import {
  ask,
  askEngine,
  attachedImage,
  expect,
  result,
  rowOf,
  signIn,
  test,
  unitProperty,
  useHost,
} from "./fixtures";
import { DEMO_PORTS, startpage } from "./lab/demo-images";
import { placeImage } from "./lab/fill";
import { buildImage } from "./lab/image";
import { expectSound, LOOKS } from "./sound";

test.describe.configure({ mode: "serial" });
const host = useHost({ env: { ATTACHE_GRACE_MS: 0, ATTACHE_SETTLE_MS: 1500 } });

const PACE = { intervalMs: 300, passes: 2, deadlineMs: 3000 };
const URL_OF_PAGE = `http://127.0.0.1:${DEMO_PORTS.startpage}/`;
const page = (text = "", status = 200): Probe => ({ kind: "http", url: URL_OF_PAGE, status, text, ...PACE });
const port = (number: number): Probe => ({ kind: "tcp", host: "127.0.0.1", port: number, ...PACE });
const socket = (path: string): Probe => ({ kind: "unix", path, ...PACE });

/** What the engine says of probes of the start page, tried once. */
async function tried(probes: readonly Probe[]): Promise<readonly ProbeAnswer[]> {
  const health = { settleMs: 1000, probes };
  const { value, error } = await askEngine(host(), "TryHealth", { service: "startpage", health });
  expect(error).toBeUndefined();
  return (value as { answers: ProbeAnswer[] }).answers;
}

async function setHealth(probes: readonly Probe[]): Promise<void> {
  const health = { settleMs: 1000, probes };
  const asked = { service: "startpage", health, by: "test" };
  expect(await askEngine(host(), "SetHealth", asked)).toMatchObject({ ok: true });
}

async function openService(of: Page, service: string): Promise<void> {
  await of.goto(`${host().baseUrl}/services/${service}`);
  await expect(of.getByRole("heading", { level: 1, name: service })).toBeVisible();
}

/** Presses the button of a version, which may not be the one that is offered first. */
async function switchTo(of: Page, service: string, button: string | RegExp): Promise<void> {
  await openService(of, service);
  await of.getByRole("button", { name: button }).last().click();
}

test.describe("the engine tries a probe", () => {
  for (const [name, probe, expected] of [
    ["a page", page(), ["pass", "probe-passed"]],
    ["a page with the right text", page("Start page 1.2.0"), ["pass", "probe-passed"]],
    ["a page with another text", page("Start page 9"), ["fail", "probe-no-text"]],
    ["a page with another status", page("", 204), ["fail", "probe-status"]],
    ["a port", port(DEMO_PORTS.startpage), ["pass", "probe-passed"]],
    ["a port where nobody listens", port(1), ["fail", "probe-refused"]],
    ["a socket", socket("/run/dbus/system_bus_socket"), ["pass", "probe-passed"]],
    ["a socket that is not there", socket("/run/startpage.sock"), ["fail", "probe-no-socket"]],
    ["a socket in the /tmp of the service", socket("/tmp/startpage.sock"), ["unmeasured", "probe-elsewhere"]],
  ] as const)
    test(name, async () => {
      const [answer] = await tried([probe]);
      expect([answer?.result, answer?.message.code]).toEqual(expected);
    });

  test("a socket that only its owner may use is like one that is not there", async () => {
    const listen = ["ListenStream=/run/owned.sock", "SocketUser=nobody", "SocketMode=0600"];
    const options = listen.map((property) => `--socket-property=${property}`);
    await host().mustExec(["systemd-run", "--quiet", "--unit=owned", ...options, "/bin/true"]);
    const [answer] = await tried([socket("/run/owned.sock")]);
    expect([answer?.result, answer?.message.code]).toEqual(["fail", "probe-no-socket"]);
    await host().mustExec(["systemctl", "stop", "owned.socket"]);
  });

  test("and refuses what is not on this host, or may not be", async () => {
    const elsewhere: Probe = { kind: "tcp", host: "192.0.2.1", port: 80, ...PACE };
    for (const method of ["TryHealth", "SetHealth"]) {
      const by = method === "SetHealth" ? { by: "test" } : {};
      const asked = { service: "startpage", health: { settleMs: 0, probes: [elsewhere] }, ...by };
      expect((await askEngine(host(), method, asked)).error?.code).toBe("probe-not-local");
    }
    const addresses = async (property: string) =>
      (await unitProperty(host(), "attache-engine.service", property)).split(" ").sort();
    expect(await addresses("IPAddressAllow")).toEqual(["127.0.0.0/8", "::1/128"]);
    expect(await addresses("IPAddressDeny")).toEqual(["0.0.0.0/0", "::/0"]);
  });
});

test("probes are tried before they are saved, and every answer is shown", async ({ page: of }) => {
  await signIn(of, host());
  await openService(of, "startpage");
  const section = of.getByRole("region", { name: "Health" });
  await expect(section).toContainText("Nobody has set anything here");
  await section.getByText("Change what is checked").click();
  const probe = section.getByRole("group", { name: "Probe 1" });
  await probe.getByLabel("Address").fill(URL_OF_PAGE);
  await probe.getByLabel("Text to find").fill("Start page 9");
  await section.getByRole("button", { name: "Save" }).click();
  await expect(section).toContainText("Nothing is saved yet: try it once");
  await section.getByRole("button", { name: "Try it now" }).click();
  await expect(probe).toContainText("the text “Start page 9” is not in the first 64 KiB");
  await expect(probe).toContainText("Status 200, after");
  await expect(probe).toContainText("<!doctype html>");
  // What was typed stays, and what is changed wants another try.
  await expect(probe.getByLabel("Text to find")).toHaveValue("Start page 9");
  await probe.getByLabel("Text to find").fill("Start page 1.2.0");
  await probe.getByLabel("Asked every").fill("0.3");
  await probe.getByLabel("Within").fill("3");
  await section.getByLabel("Its units have to stay up").fill("1");
  await section.getByRole("button", { name: "Save" }).click();
  await expect(section).toContainText("Nothing is saved yet: try it once");
  await section.getByRole("button", { name: "Try it now" }).click();
  await expect(section.getByText("Tried: 1 of 1 passed.")).toBeVisible();
  await section.getByRole("button", { name: "Save" }).click();
  await expect(section).toContainText(
    `${URL_OF_PAGE} answers with the status 200 and the text “Start page 1.2.0”, 2 times in a row`,
  );
  await expect(section).toContainText("Set by admin");

  const far = section.getByRole("group", { name: "Probe 1" });
  await far.getByLabel("Address").fill("http://example.org/");
  await section.getByRole("button", { name: "Try it now" }).click();
  await expect(section.getByRole("alert")).toContainText("A probe asks only this host");
});

test("what is stopped cannot be tried, and the page says so", async ({ page: of }) => {
  await signIn(of, host());
  await openService(of, "wiki");
  const section = of.getByRole("region", { name: "Health" });
  await section.getByText("Change what is checked").click();
  await section.getByRole("group", { name: "Probe 1" }).getByLabel("Address").fill("127.0.0.1:9");
  await section.getByRole("button", { name: "Try it now" }).click();
  await expect(section.getByRole("alert")).toContainText("wiki does not run, so there is nobody to ask");
});

test("the form works without any script", async ({ browser }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const of = await context.newPage();
  await of.goto(host().openLink());
  await of.goto(`${host().baseUrl}/services/startpage`);
  const section = of.getByRole("region", { name: "Health" });
  await section.getByText("Change what is checked").click();
  await section.getByRole("button", { name: "Try it now" }).click();
  await expect(section).toContainText("Tried: 1 of 1 passed.");
  await context.close();
});

test("a new version without the text is taken back, and the old one has to show the same", async ({
  page: of,
}) => {
  await signIn(of, host());
  await switchTo(of, "startpage", "Upgrade to 1.3.0");
  await expect(result(of, "Reverted: 1.2.0 is back.")).toBeVisible({ timeout: 30_000 });
  await expect(result(of, "A probe failed")).toContainText("Start page 1.2.0");
  expect(await attachedImage(host(), "startpage.service")).toBe("/srv/startpage/startpage_1.2.0.raw");
  expect(await ask(host(), DEMO_PORTS.startpage)).toContain("Start page 1.2.0");
  await of.getByRole("link", { name: "Show the deployment" }).click();
  const steps = of.getByRole("region", { name: "Steps" }).getByRole("listitem");
  await expect(steps.filter({ hasText: `Failed: Probe ${URL_OF_PAGE}` })).toHaveCount(1);
  await expect(steps.filter({ hasText: `Done: Probe ${URL_OF_PAGE}` })).toHaveCount(1);
});

test("it is marked then: not offered, and deployed only by its own button, whose success lifts the mark", async ({
  page: of,
}) => {
  await signIn(of, host());
  await expect(rowOf(of, "startpage").getByRole("button", { name: /Upgrade to/ })).toHaveCount(0);
  const asked = { service: "startpage", version: "1.3.0", expected: "1.2.0", by: "test" };
  expect((await askEngine(host(), "Deploy", asked)).error).toMatchObject({
    code: "marked",
    params: { version: "1.3.0", by: "admin" },
  });
  await setHealth([page("Start page 1.")]);
  await switchTo(of, "startpage", "Upgrade to 1.3.0 despite its mark");
  await expect(result(of, "Succeeded: startpage is on 1.3.0")).toBeVisible({ timeout: 30_000 });
  const marks = of.getByRole("region", { name: "Marks and freezes" });
  await expect(marks).toContainText("The mark of 1.3.0 was lifted by admin");
  await expect(marks.getByRole("button", { name: /Lift the mark/ })).toHaveCount(0);
});

test("a probe that could not be tried condemns nobody, and the outcome says so", async ({ page: of }) => {
  await signIn(of, host());
  await setHealth([socket("/tmp/startpage.sock")]);
  await switchTo(of, "startpage", "Roll back to 1.2.0");
  await expect(result(of, "Succeeded: startpage is on 1.2.0")).toBeVisible({ timeout: 30_000 });
  await expect(result(of, "a probe could not be tried")).toBeVisible();
  await of.getByRole("link", { name: "Show the deployment" }).click();
  await expect(
    of.getByRole("listitem").filter({ hasText: "Unsure: Probe /tmp/startpage.sock" }),
  ).toBeVisible();
});

test("mixed answers put a version on trial: a person decides", async ({ page: of }) => {
  const good = startpage("1.3.0");
  const flapping = `#!/bin/sh
n=$(($(cat /tmp/n 2>/dev/null || echo 0) + 1))
echo $n > /tmp/n
printf 'Content-Type: text/plain\\r\\n\\r\\n'
[ $((n % 2)) = 0 ] && echo up || echo down
`;
  const image = await buildImage({
    ...good,
    version: "1.4.0",
    programs: { "/usr/share/startpage/cgi-bin/index.cgi": flapping },
  });
  const file = placeImage(host(), image, "/srv/startpage", "startpage_1.4.0.raw");
  await setHealth([page("up")]);
  await signIn(of, host());
  await switchTo(of, "startpage", "Upgrade to 1.4.0");
  await expect(result(of, "1.4.0 is on trial")).toBeVisible({ timeout: 30_000 });
  await expect(result(of, "so somebody has to decide")).toBeVisible();
  await of.getByRole("button", { name: "Keep 1.4.0" }).click();
  await expect(result(of, "It was on trial, and admin kept it.")).toBeVisible({ timeout: 30_000 });
  await setHealth([page("Start page")]);
  await switchTo(of, "startpage", "Roll back to 1.2.0");
  await expect(result(of, "Succeeded: startpage is on 1.2.0")).toBeVisible({ timeout: 30_000 });
  await host().mustExec(["rm", file]);
});

test("a mark that an upgrade has left is lifted with a reason, and the version is offered again", async ({
  page: of,
}) => {
  await signIn(of, host());
  await switchTo(of, "fragile", "Upgrade to 1.1.0");
  await expect(result(of, "Reverted: 1.0.0 is back.")).toBeVisible({ timeout: 30_000 });
  const marks = of.getByRole("region", { name: "Marks and freezes" });
  await expect(marks).toContainText("1.1.0 is marked, because it was taken back when admin deployed it.");
  // The engine has it on disk, not only in mind.
  await host().mustExec(["systemctl", "restart", "attache-engine.service"]);
  const asked = { service: "fragile", version: "1.1.0", by: "test" };
  expect((await askEngine(host(), "LiftMark", { ...asked, reason: " " })).error?.code).toBe("reason-missing");
  await marks.getByLabel("Why 1.1.0 may be offered again").fill("its settings are there now");
  await marks.getByRole("button", { name: "Lift the mark of 1.1.0" }).click();
  await expect(marks).toContainText("The mark of 1.1.0 was lifted by admin");
  await expect(marks).toContainText("its settings are there now");
  await expect(of.getByRole("button", { name: "Upgrade to 1.1.0", exact: true })).toBeVisible();
});

test("a version is marked by hand", async ({ page: of }) => {
  await signIn(of, host());
  await openService(of, "guestbook");
  const marks = of.getByRole("region", { name: "Marks and freezes" });
  await marks.getByText("Mark a version").click();
  await marks.getByLabel("Version").selectOption("2.1.0");
  await marks.getByLabel("Why it is not to be offered").fill("<b>loses entries</b>");
  await marks.getByRole("button", { name: "Mark it" }).click();
  await expect(marks).toContainText("2.1.0 was marked by admin: “<b>loses entries</b>”.");
  await expect(of.getByRole("button", { name: "Upgrade to 2.1.0 despite its mark" })).toBeVisible();
  await of.goto(host().baseUrl);
  await expect(rowOf(of, "guestbook").getByRole("button", { name: /Upgrade to/ })).toHaveCount(0);
});

test("a frozen service is not moved on, and says why; it is rolled back and restarted", async ({
  page: of,
}) => {
  await signIn(of, host());
  await openService(of, "startpage");
  const marks = of.getByRole("region", { name: "Marks and freezes" });
  await marks.getByText("Freeze this service").click();
  await marks.getByLabel("How long").selectOption({ label: "for a day" });
  await marks.getByLabel("Why nobody may move it on").fill("the fair is on");
  await marks.getByRole("button", { name: "Freeze", exact: true }).click();
  await expect(of.getByRole("button", { name: "Upgrade to 1.3.0" }).first()).toHaveAttribute(
    "aria-disabled",
    "true",
  );
  await expect(of.getByText(/Frozen by admin until .* UTC: “the fair is on”/).first()).toBeVisible();
  const asked = { service: "startpage", version: "1.3.0", expected: "1.2.0", by: "test" };
  for (const [method, input] of [
    ["Deploy", asked],
    ["Deploy", { ...asked, despiteMark: true }],
    ["Detach", { service: "startpage", expected: "1.2.0", by: "test" }],
  ] as const)
    expect((await askEngine(host(), method, input)).error?.code, method).toBe("frozen");

  await of.goto(host().baseUrl);
  await expect(rowOf(of, "startpage")).toContainText("Frozen");
  await expect(rowOf(of, "startpage")).toContainText("the fair is on");
  await rowOf(of, "startpage").getByRole("button", { name: "Roll back to 1.1.0" }).click();
  await expect(result(of, "Succeeded: startpage is on 1.1.0")).toBeVisible({ timeout: 30_000 });

  await openService(of, "startpage");
  await marks.getByLabel("Why it may be moved on again").fill("the fair is over");
  await marks.getByRole("button", { name: "End the freeze" }).click();
  await expect(marks).toContainText("The freeze was ended by admin");
  await expect(of.getByRole("button", { name: "Upgrade to 1.3.0" }).first()).not.toHaveAttribute(
    "aria-disabled",
  );
});

test("a freeze ends by itself at its time", async ({ page: of }) => {
  await signIn(of, host());
  const asked = { service: "weather", reason: "a moment", until: Date.now() + 4000, by: "test" };
  expect((await askEngine(host(), "Freeze", { ...asked, reason: "" })).error?.code).toBe("reason-missing");
  expect(await askEngine(host(), "Freeze", asked)).toMatchObject({ ok: true });
  await expect(rowOf(of, "weather")).toContainText("Frozen");
  await expect(rowOf(of, "weather")).not.toContainText("Frozen", { timeout: 8000 });
  await openService(of, "weather");
  await expect(of.getByText("The freeze ended by itself")).toBeVisible();
});

for (const { width, colorScheme } of LOOKS)
  test(`all of it is sound at ${width} px, ${colorScheme}`, async ({ browser }) => {
    test.setTimeout(90_000);
    await askEngine(host(), "Freeze", { service: "guestbook", reason: "sound", until: null, by: "test" });
    const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme });
    const of = await context.newPage();
    await signIn(of, host());
    await expectSound(of, "/");
    for (const service of ["startpage", "guestbook", "fragile"]) {
      await openService(of, service);
      const section = of.getByRole("region", { name: "Health" });
      await section.getByText("Change what is checked").click();
      await section.getByText("More probes").click();
      if (service === "startpage") await section.getByRole("button", { name: "Try it now" }).click();
      if (service === "startpage") await expect(section.getByText(/^Tried:/)).toBeVisible();
      for (const summary of await of
        .getByRole("region", { name: "Marks and freezes" })
        .locator("summary")
        .all())
        await summary.click();
      await expectSound(of, service);
    }
    await context.close();
  });
