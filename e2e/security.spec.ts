import { expect, result, signIn, test, useHost } from "./fixtures";

const host = useHost({ env: { ATTACHE_GRACE_MS: 10_000 } });

const PAGES = ["/", "/services/startpage", "/history", "/deployments/01HZZZZZZZZZZZZZZZZZZZZZZZ"];
const ENGINE = ["org.attache.Engine1", "/org/attache/Engine1", "org.attache.Engine1"];

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
  const headers = { ...(await post.allHeaders()) };
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(result(page, "Cancelled: nothing was changed.")).toBeVisible();

  const before = await runningDeployments();
  const body = post.postDataBuffer() ?? Buffer.alloc(0);
  const without = Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(":")));
  const { cookie, ...noCookie } = without;
  expect(cookie).toContain("attache-session");
  for (const [name, change] of [
    ["no session", noCookie],
    [
      "forged session",
      { ...without, cookie: `attache-session=9999999999999.${"A".repeat(16)}.${"A".repeat(43)}` },
    ],
    ["another origin", { ...without, origin: "http://evil.example" }],
    ["null origin", { ...without, origin: "null" }],
    ["no origin", Object.fromEntries(Object.entries(without).filter(([key]) => key !== "origin"))],
  ] as const) {
    await request.post(post.url(), { headers: change, data: body, maxRedirects: 0 }).catch(() => null);
    expect(await runningDeployments(), name).toBe(before);
  }
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
  expect(await rawGet("/locked", "localhost:1")).toContain("421");
});

test("the web server's user can ask the engine and nothing else", async () => {
  const asWeb = (argv: string[]) => host().exec(argv, { user: "attache" });
  expect((await asWeb(["busctl", "call", ...ENGINE, "Running", "s", "{}"])).code).toBe(0);
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
  const call = await asOther(["busctl", "call", ...ENGINE, "Running", "s", "{}"]);
  expect(call.code).not.toBe(0);
  expect(call.stderr).toMatch(/denied|AccessDenied|not allowed/i);
});

test("the engine refuses what is no name, no version and no verb of its own", async () => {
  const call = async (method: string, input: unknown) => {
    const { stdout, stderr } = await host().exec([
      "busctl",
      "call",
      ...ENGINE,
      method,
      "s",
      JSON.stringify(input),
    ]);
    return stdout + stderr;
  };
  const asked = { by: "test", expected: null };
  expect(await call("Deploy", { ...asked, service: "../../etc", version: "1" })).toContain("unknown-service");
  expect(await call("Deploy", { ...asked, service: "startpage", version: "/etc/passwd" })).toMatch(
    /unknown-version|stale/,
  );
  expect(
    await call("Deploy", { ...asked, service: "startpage", version: "1.3.0", path: "/tmp/x.raw" }),
  ).toMatch(/invalid/i);
  expect(await call("Deploy", "not an object")).toMatch(/invalid/i);
  expect(await call("Shell", { command: "id" })).toContain("not-found");
  expect(await call("Restart", { service: "startpage", unit: "ssh.service", by: "test" })).toContain(
    "no-such-unit",
  );
});

async function runningDeployments(): Promise<string> {
  return host().mustExec(["busctl", "call", ...ENGINE, "Running", "s", "{}"]);
}

/** A plain request with any Host header: browsers and fetch would set their own. */
async function rawGet(path: string, name: string): Promise<string> {
  const script = `const s=require("net").connect(${host().port},"127.0.0.1",()=>s.write("GET ${path} HTTP/1.1\\r\\nHost: ${name}\\r\\nConnection: close\\r\\n\\r\\n"));
    s.setTimeout(5000,()=>s.destroy());s.once("data",d=>{console.log(String(d).split("\\n")[0]);s.destroy()})`;
  return host().mustExec(["node", "-e", script]);
}
