import { type Browser, type BrowserContext, test as base, expect, type Page } from "@playwright/test";
import type { Deployment } from "../lib/deploy/types";
import type { Box } from "./lab/box";
import { bootHost, type HostOptions } from "./lab/host";

export { expect };
export const test = base;

/** Shorter than what is shipped, to keep the tests quick; long enough to see the phase. */
const QUICK = { ATTACHE_SETTLE_MS: 2500 };

let boxes = 0;

/**
 * A freshly booted host of the file's own, filled and with the program
 * installed as an admin would. Call it at the top of a file or of a describe.
 */
export function useHost(options: Omit<Partial<HostOptions>, "name"> = {}): () => Box {
  let box: Box | undefined;
  // biome-ignore lint/correctness/noEmptyPattern: Playwright wants a destructured first parameter
  test.beforeAll(async ({}, info) => {
    test.setTimeout(240_000);
    const name = `test-${process.pid}-${info.workerIndex}-${++boxes}`;
    box = await bootHost({ ...options, name, env: { ...QUICK, ...options.env } });
  });
  test.afterAll(async () => {
    await box?.down();
  });
  return () => {
    if (!box) throw new Error("the host is not up yet");
    return box;
  };
}

/** Opens the printed link: the token becomes a session cookie, and the first page is there. */
export async function signIn(page: Page, box: Box): Promise<void> {
  await page.goto(box.openLink());
  await expect(page.getByRole("heading", { level: 1, name: "Services" })).toBeVisible();
  await expect(page.getByText("Live", { exact: true })).toBeVisible(); // its scripts run, keys are heard
}

/** A browser of its own with a session, for tests that need several. */
export async function signedInContext(browser: Browser, box: Box): Promise<BrowserContext> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await signIn(page, box);
  await page.close();
  return context;
}

/** The row of a service on the services page. */
export function rowOf(page: Page, service: string) {
  return page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: service, exact: false }) });
}

/** The cell of a row that states the version. */
export function versionOf(row: ReturnType<typeof rowOf>) {
  return row.getByRole("cell").nth(1);
}

/** How a deployment ended, where people see it (a live region says it again). */
export function result(page: Page, sentence: string | RegExp) {
  return page.locator(".result").filter({ hasText: sentence });
}

/** The image file that portabled has attached for a unit, by its own drop-in. */
export async function attachedImage(box: Box, unit: string): Promise<string> {
  const { stdout } = await box.exec([
    "sh",
    "-c",
    'cat "/etc/systemd/system.attached/$1.d/20-portable.conf" "/run/systemd/system.attached/$1.d/20-portable.conf" 2>/dev/null',
    "sh",
    unit,
  ]);
  return /RootImage=(.*)/.exec(stdout)?.[1] ?? "";
}

/** What PID 1 says of a unit. */
export async function unitProperty(box: Box, unit: string, property: string): Promise<string> {
  return (await box.mustExec(["systemctl", "show", "--value", `--property=${property}`, unit])).trim();
}

/** Digest of every attached file on the host but those of one service. */
export async function attachedFilesBut(box: Box, service: string): Promise<string> {
  const script = `cd / && find etc/systemd/system.attached run/systemd/system.attached \\( -type f -o -type l \\) \\
    -not -path "*/$1.*" -not -path "*/$1-*" | sort | while read -r file; do
      echo "$file $(readlink "$file") $(sha256sum < "$file")"; done`;
  return box.mustExec(["sh", "-c", script, "sh", service]);
}

/** How to call the engine with busctl; the method, "s" and one JSON text follow. */
export const CALL_ENGINE = [
  "busctl",
  "call",
  "org.attache.Engine1",
  "/org/attache/Engine1",
  "org.attache.Engine1",
];

/** What the engine answers to root on its own bus, past the web server: a value, or an error as code and parameters. */
export async function askEngine(box: Box, method: string, input: unknown): Promise<EngineReply> {
  const argv = [...CALL_ENGINE.toSpliced(1, 0, "--json=short"), method, "s", JSON.stringify(input)];
  const { code, stdout, stderr } = await box.exec(argv);
  // What fits no method never comes to an answer: the bus carries an error, whose text is the code.
  if (code !== 0)
    return { ok: false, error: { code: stderr.replace("Call failed: ", "").trim(), params: {} } };
  const reply: { data: [string] } = JSON.parse(stdout);
  return JSON.parse(reply.data[0]);
}

interface EngineReply {
  readonly ok: boolean;
  readonly value?: unknown;
  readonly error?: { readonly code: string; readonly params: Readonly<Record<string, string | number>> };
}

/** Deployments under way, as the engine tells them. */
export async function runningDeployments(box: Box): Promise<readonly Deployment[]> {
  const { value } = await askEngine(box, "Running", {});
  return (value as { deployments: Deployment[] }).deployments;
}

/** The page of the demo's web services, asked inside the host. */
export async function ask(box: Box, port: number, path = "/"): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${box.hostPort(port)}${path}`);
  return response.text();
}
