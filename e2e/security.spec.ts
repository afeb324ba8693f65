import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import {
  askEngine,
  CALL_ENGINE,
  expect,
  result,
  runningDeployments,
  signIn,
  test,
  useHost,
} from "./fixtures";

const host = useHost({ env: { ATTACHE_GRACE_MS: 10_000 } });

const PAGES = ["/", "/services/startpage", "/upgrade", "/history", "/deployments/01HZZZZZZZZZZZZZZZZZZZZZZZ"];

test("without a session every page is locked, and so are the stream and every action", async ({
  page,
  request,
}) => {
  for (const path of PAGES) {
    await page.goto(`${host().baseUrl}${path}`);
    await expect(page, path).toHaveURL(/\/locked$/);
    await expect(page.getByRole("main")).not.toContainText("startpage");
  }
  expect((await request.get(`${host().baseUrl}/api/events`)).status()).toBe(401);
});

test("an action without a session, or from another page, changes nothing", async ({ page, request }) => {
  await signIn(page, host());
  const sent = page.waitForRequest((one) => one.method() === "POST");
  await page.getByRole("button", { name: "Upgrade to 1.3.0" }).click();
  const post = await sent;
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(result(page, "Cancelled: nothing was changed.")).toBeVisible();
  await expect.poll(() => runningDeployments(host())).toEqual([]);

  const { "content-length": _, ...headers } = await post.allHeaders();
  const { cookie, ...noCookie } = headers;
  const { origin, ...noOrigin } = headers;
  expect([cookie, origin]).toEqual([expect.stringContaining("attache-session="), host().baseUrl]);
  const replay = async (changed: Record<string, string>) => {
    const data = post.postDataBuffer() ?? Buffer.alloc(0);
    const answer = await request.post(post.url(), { headers: changed, data, maxRedirects: 0 });
    return { status: answer.status(), text: await answer.text(), running: await runningDeployments(host()) };
  };

  // What is refused below works as it was sent: else it might be refused for a mistake of this test.
  const sentAgain = await replay(headers);
  expect(sentAgain.status).toBe(200);
  expect(sentAgain.running.map(({ service }) => service)).toEqual(["startpage"]);
  expect(await askEngine(host(), "Cancel", { id: sentAgain.running[0]?.id, by: "test" })).toMatchObject({
    ok: true,
  });
  await expect.poll(() => runningDeployments(host())).toEqual([]);

  const forged = `attache-session=9999999999999.${"A".repeat(16)}.${"A".repeat(43)}`;
  for (const [name, changed, status, words] of [
    ["no session", noCookie, 200, '"code":"unauthenticated"'],
    ["forged session", { ...headers, cookie: forged }, 200, '"code":"unauthenticated"'],
    // These do not come as far as Next, which would read what they carry.
    ["another origin", { ...headers, origin: "http://evil.example" }, 403, "Only Attaché's own pages"],
    ["null origin", { ...headers, origin: "null" }, 403, "Only Attaché's own pages"],
    ["no origin", noOrigin, 403, "Only Attaché's own pages"],
  ] as const) {
    const refused = await replay(changed);
    expect([refused.status, refused.text], name).toEqual([status, expect.stringContaining(words)]);
    expect(refused.running, name).toEqual([]);
  }
});

test("the stream of events ends with its session", async ({ request }) => {
  const key = readFileSync(host().rootPath("/var/lib/attache-web/session.key"));
  const body = `${Date.now() + 3000}.${"A".repeat(16)}`;
  const cookie = `attache-session=${body}.${createHmac("sha256", key).update(body).digest("base64url")}`;
  const opened = Date.now();
  const stream = await fetch(`${host().baseUrl}/api/events`, { headers: { cookie } });
  expect(stream.status).toBe(200);
  expect(await stream.text()).toContain('"type":"hello"');
  expect(Date.now() - opened).toBeGreaterThan(2000);
  expect((await request.get(`${host().baseUrl}/api/events`, { headers: { cookie } })).status()).toBe(401);
});

test("a page whose session is gone says so within 15 s", async ({ page, context }) => {
  await signIn(page, host());
  await context.clearCookies();
  await expect(page.getByText("Locked: load this page again")).toBeVisible({ timeout: 15_000 });
  await page.reload();
  await expect(page.getByRole("heading", { level: 1, name: "Attaché is locked" })).toBeVisible();
  await expect(page.getByText("cat /run/attache-web/link")).toBeVisible();
});

test("the link opens one session, once", async ({ browser }) => {
  const link = host().openLink();
  const first = await browser.newPage();
  await first.goto(link);
  await expect(first).toHaveURL(`${host().baseUrl}/`);
  const second = await browser.newPage();
  await second.goto(link);
  await expect(second).toHaveURL(/\/locked/);
  expect(host().openLink()).not.toBe(link);
  await first.close();
  await second.close();
});

test("a name that is not the loopback's own is refused, whatever is asked for", async () => {
  for (const path of [
    ...PAGES,
    "/api/events",
    "/open?token=x",
    "/locked",
    "/icon.svg",
    "/_next/static/x.js",
  ]) {
    const answer = await rawGet(path, "evil.example");
    expect(answer, path).toContain("421");
  }
  expect(await rawGet("/locked", `localhost:${host().port}`)).toContain("200 OK");
  for (const name of ["localhost:1", `[::1]:${host().port}`, "localhost", ""])
    expect(await rawGet("/locked", name), name).toContain("421");
});

test("a method that no page has is refused", async () => {
  expect(await rawGet("/", `localhost:${host().port}`, "TRACE")).toContain("405 Method Not Allowed");
});

test("an address with a broken escape is not found", async ({ page }) => {
  await signIn(page, host());
  for (const path of ["/services/%F0", "/services/%", "/deployments/%ff", "/%F0"]) {
    const answer = await page.goto(`${host().baseUrl}${path}`);
    expect(answer?.status(), path).toBe(404);
    await expect(page.getByRole("heading", { level: 1, name: "Not here" })).toBeVisible();
  }
});

test("the web server's user can ask the engine and nothing else", async () => {
  const asWeb = (argv: string[]) => host().exec(argv, { user: "attache" });
  expect((await asWeb([...CALL_ENGINE, "Running", "s", "{}"])).code).toBe(0);
  const forbidden = [
    ["systemctl", "--no-ask-password", "stop", "startpage.service"],
    ["systemctl", "--no-ask-password", "daemon-reload"],
    ["portablectl", "--no-ask-password", "detach", "/srv/startpage/startpage_1.2.0.raw"],
    ["portablectl", "--no-ask-password", "reattach", "/srv/startpage/startpage_1.3.0.raw"],
    ["systemd-run", "--no-ask-password", "true"],
    ["sh", "-c", "echo > /var/lib/attache/attache.db"],
    ["sh", "-c", "echo > /var/lib/attache/intents/x.json"],
  ];
  for (const argv of forbidden) expect((await asWeb(argv)).code, argv.join(" ")).not.toBe(0);
  expect(await host().mustExec(["systemctl", "is-active", "startpage.service"])).toContain("active");
});

test("any other user can neither call the engine nor take its name", async () => {
  const asOther = (argv: string[]) => host().exec(argv, { user: "guestbook" });
  const call = await asOther([...CALL_ENGINE, "Running", "s", "{}"]);
  expect(call.code).not.toBe(0);
  expect(call.stderr).toMatch(/denied|AccessDenied|not allowed/i);

  const bus = ["org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus"];
  const name = "org.attache.Engine1";
  /** As a second owner behind the engine, should it ever go away; answers at once either way. */
  const takeName = ["busctl", "call", ...bus, "RequestName", "su", name, "0"];
  for (const user of ["guestbook", "attache"]) {
    const taken = await host().exec(takeName, { user });
    expect([taken.code, taken.stderr], user).toEqual([1, "Call failed: Access denied\n"]);
  }
  // Root may, and waits in the queue behind the engine: what is refused above is refused for who asks.
  expect((await host().mustExec(takeName)).trim()).toBe("u 2");
});

test("the engine refuses what is no name, no version and no verb of its own", async () => {
  const codeOf = async (method: string, input: unknown) =>
    (await askEngine(host(), method, input)).error?.code;
  const asked = { by: "test", expected: null };
  const page = { ...asked, service: "startpage" };
  expect(await codeOf("Deploy", { ...asked, service: "../../etc", version: "1" })).toBe("unknown-service");
  expect(await codeOf("Deploy", { ...page, expected: "1.2.0", version: "/etc/passwd" })).toBe(
    "unknown-version",
  );
  expect(await codeOf("Deploy", { ...page, version: "1.3.0" })).toBe("stale");
  expect(await codeOf("Deploy", { ...page, version: "1.3.0", path: "/tmp/x.raw" })).toBe("invalid-input");
  expect(await codeOf("Deploy", "not an object")).toBe("invalid-input");
  expect(await codeOf("Shell", { command: "id" })).toBe("not-found");
  expect(await codeOf("Restart", { service: "startpage", unit: "ssh.service", by: "test" })).toBe(
    "no-such-unit",
  );
});

/** A plain request with any Host header: browsers and fetch would set their own. */
async function rawGet(path: string, name: string, method = "GET"): Promise<string> {
  const script = `const s=require("net").connect(${host().port},"127.0.0.1",()=>s.write("${method} ${path} HTTP/1.1\\r\\nHost: ${name}\\r\\nConnection: close\\r\\n\\r\\n"));
    s.setTimeout(5000,()=>s.destroy());s.once("data",d=>{console.log(String(d).split("\\n")[0]);s.destroy()})`;
  return host().mustExec(["node", "-e", script]);
}
