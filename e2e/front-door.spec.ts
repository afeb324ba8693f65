import { type IncomingHttpHeaders, request as send } from "node:http";
import { ROUTES } from "../lib/auth/front-door";
import { askEngine, expect, signIn, test, useHost } from "./fixtures";

test.describe.configure({ mode: "serial" });
const host = useHost({ env: { ATTACHE_GRACE_MS: 0 } });

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const PLACES: Readonly<Record<string, string>> = { "[name]": "startpage", "[id]": "" };
/** What only the host knows; the name that was asked for is in some answers, as the asker wrote it. */
const FACTS = /guestbook|1\.3\.0|\/srv\//;
let cookie = "";
let deployment = "";

/** Every address that exists, as somebody would ask for it. */
function addresses(): { route: string; policy: string; address: string }[] {
  return Object.entries(ROUTES).map(([route, policy]) => {
    const address = route.replace(/\[\w+\]/g, (name) => PLACES[name] || deployment);
    return { route, policy, address };
  });
}

test("something to show on every page", async ({ page, context }) => {
  await signIn(page, host());
  cookie = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
  const asked = { service: "startpage", version: "1.3.0", expected: "1.2.0", by: "test", graceMs: 0 };
  const { value } = await askEngine(host(), "Deploy", asked);
  deployment = (value as { id: string }).id;
  await page.goto(`${host().baseUrl}/deployments/${deployment}`);
  await expect(page.getByText("Succeeded: startpage is on 1.3.0").first()).toBeVisible({ timeout: 20_000 });
});

test("every address answers who may have it, and says nothing to anybody else", async () => {
  test.setTimeout(120_000);
  const wrong: string[] = [];
  const name = `localhost:${host().port}`;
  const spelt = (address: string) => [
    address,
    `${address}?_rsc=abc`,
    address.replace(/[a-z](?=[^/]*$)/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
    `/.${address}`,
  ];
  const disguises: Record<string, string>[] = [
    {},
    { "x-middleware-subrequest": "proxy:proxy:proxy:proxy:proxy" },
    { "x-forwarded-host": name, "x-forwarded-for": "127.0.0.1" },
    { "x-matched-path": "/locked", "x-invoke-path": "/locked", "next-resume": "1" },
    { rsc: "1", "next-router-prefetch": "1" },
    { cookie: "attache-session=9999999999999.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
  ];
  let asked = 0;
  const expectStatus = async (
    expected: number,
    path: string,
    headers: Record<string, string>,
    method = "GET",
  ) => {
    const { status, text } = await ask(path, headers, method);
    asked++;
    if (status !== expected || FACTS.test(text))
      wrong.push(`${method} ${path} ${JSON.stringify(headers)}: ${status} instead of ${expected}`);
  };
  for (const { policy, address } of addresses())
    for (const path of spelt(address)) {
      const isForThem = path.includes("elsewhere");
      for (const disguise of disguises) {
        const { status, text } = await ask(path, disguise);
        asked++;
        const isNoAddress = status === 404 && path !== address; // Next takes no escapes in its own part of a path
        const isSentAway =
          isNoAddress || status === 307 || status === 401 || /NEXT_REDIRECT;[a-z]+;\/locked/.test(text);
        if (policy === "session" && (!isSentAway || FACTS.test(text)))
          wrong.push(`${path} ${JSON.stringify(disguise)}: ${status} without a session`);
        if (!isForThem)
          await expectStatus(403, path, { ...disguise, cookie, "sec-fetch-site": "cross-site" });
        await expectStatus(421, path, { ...disguise, cookie, host: "evil.example" });
        await expectStatus(403, path, { ...disguise, cookie }, "POST");
      }
      for (const site of ["same-site", "nonsense"])
        await expectStatus(isForThem ? 200 : 403, path, { cookie, "sec-fetch-site": site });
      for (const other of [`evil.example:${host().port}`, "localhost", `[::1]:${host().port}`])
        await expectStatus(421, path, { cookie, host: other, "x-forwarded-host": name });
    }
  for (const { policy, address } of addresses()) {
    const answer = await ask(
      address,
      { cookie, "sec-fetch-site": "same-origin" },
      "GET",
      policy === "session",
    );
    asked++;
    if (policy === "session" && answer.status !== 200)
      wrong.push(`${address}: ${answer.status} with a session`);
  }
  expect(wrong).toEqual([]);
  expect(asked).toBeGreaterThan(1000);
});

test("nothing is changed from anywhere but here", async () => {
  const { port } = host();
  const wrong: string[] = [];
  for (const origin of [
    null,
    "null",
    "http://evil.example",
    `https://localhost:${port}`,
    `http://localhost:${port + 1}`,
    `http://127.0.0.1:${port}`,
    `http://localhost.:${port}`,
    `http://LOCALHOST:${port}`,
  ])
    for (const { address } of addresses()) {
      const headers = { cookie, "next-action": "0".repeat(42), ...(origin === null ? {} : { origin }) };
      const { status } = await ask(address, headers, "POST");
      if (status !== 403) wrong.push(`${address} from ${origin}: ${status}`);
    }
  for (const method of ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
    for (const { address } of addresses()) {
      const { status } = await ask(address, { cookie, origin: host().baseUrl }, method);
      if (status !== 405) wrong.push(`${method} ${address}: ${status}`);
    }
  expect(wrong).toEqual([]);
});

test("what is no address of ours is not found, and every answer has its policy", async () => {
  const missing = ["/api", "/services", "/admin", "/_next/image?url=/icon.svg&w=64&q=75", "/open/x", "/%F0"];
  for (const path of missing) expect((await ask(path, { cookie })).status, path).toBe(404);
  // Next would redirect these before any code of ours, whatever the name.
  const crooked = ["//evil.example", "/locked//x", "/locked\\x", "*"];
  for (const path of crooked) expect((await ask(path, { cookie })).status, path).toBe(404);
  expect((await ask("/locked/", { cookie })).status).toBe(404);
  expect((await ask("/locked/", { cookie, host: "evil.example" })).status).toBe(421);
  const chunk = /\/_next\/static\/[^"\\]+\.js/.exec((await ask("/locked", {})).text)?.[0] ?? "";
  const odd = [chunk, "/_next/static/none.js", "/_next/static/%2e%2e/none", "/locked/", ...missing];
  for (const path of [...addresses().map(({ address }) => address), ...odd])
    for (const headers of [{}, { cookie }, { host: "evil.example" }, { "sec-fetch-site": "cross-site" }]) {
      const answer = await ask(path, headers, "GET", false);
      expect(answer.headers, `${path} ${JSON.stringify(headers)}`).toMatchObject({
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
      });
      const policy = String(answer.headers["content-security-policy"]);
      expect(policy, path).toMatch(/^default-src 'none'; script-src 'self' 'nonce-[\w+/=]{24}'; /);
      expect(policy, path).toContain("frame-ancestors 'none'");
      expect(policy, path).not.toContain("unsafe");
    }
  expect((await ask(chunk, {})).status).toBe(200);
  for (const [path, method] of [...crooked.map((path) => [path, "GET"]), ["/", "TRACE"], ["*", "OPTIONS"]])
    expect((await ask(path ?? "", { cookie }, method)).headers, `${method} ${path}`).toMatchObject({
      "x-content-type-options": "nosniff",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    });
});

test("bug: each upgrade that was turned away left a socket open for good", async () => {
  const pid = (
    await host().mustExec(["systemctl", "show", "--value", "--property=MainPID", "attache-web"])
  ).trim();
  const sockets = async () => (await host().mustExec(["ls", `/proc/${pid}/fd`])).split("\n").length;
  const before = await sockets();
  for (let n = 0; n < 30; n++) {
    const upgrade = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13" };
    const answer = await ask("/", { ...upgrade, cookie, "sec-fetch-site": "cross-site" });
    expect(answer.status).toBe(403);
  }
  await expect.poll(sockets, { timeout: 10_000 }).toBeLessThan(before + 10);
});

test("scripts of ours run on every page, and no other does", async ({ page }) => {
  const blocked: string[] = [];
  page.on("console", (message) => {
    if (/Content.Security.Policy/i.test(message.text())) blocked.push(message.text());
  });
  await signIn(page, host());
  for (const { address } of addresses().filter(({ route }) => !/open|api|svg|txt/.test(route))) {
    await page.goto(`${host().baseUrl}${address}`);
    await expect(page.getByRole("main")).toBeVisible();
  }
  await page.goto(`${host().baseUrl}/admin`);
  await expect(page.getByRole("heading", { level: 1, name: "Not here" })).toBeVisible();
  await page.goto(`${host().baseUrl}/`);
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  expect(blocked).toEqual([]);

  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "document.title = 'taken over'";
    document.body.append(script);
    document.body.insertAdjacentHTML("beforeend", `<img src="x:" onerror="document.title = 'taken over'">`);
  });
  await expect.poll(() => blocked.length).toBeGreaterThan(1);
  expect(await page.title()).not.toBe("taken over");
});

test("a link on another site leads to a page that says how to go on", async ({ page, context }) => {
  await signIn(page, host());
  await context.route("http://elsewhere.example/", (route) =>
    route.fulfill({
      contentType: "text/html",
      body: `<a href="${host().baseUrl}/services/startpage?x=1">go</a>`,
    }),
  );
  await page.goto("http://elsewhere.example/");
  await page.getByRole("link", { name: "go" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "This link is on another site" })).toBeVisible();
  await page.getByRole("link", { name: "Go on to /services/startpage?x=1" }).click();
  await expect(page).toHaveURL(`${host().baseUrl}/services/startpage?x=1`);
  await expect(page.getByRole("heading", { level: 1, name: "startpage" })).toBeVisible();
});

test("whatever that page is told, it leads to an address of ours", async ({ page }) => {
  for (const to of [
    "//evil.example",
    "/\\\\evil.example",
    "https://evil.example",
    "javascript:alert(1)",
    " //evil.example",
  ]) {
    await page.goto(`${host().baseUrl}/elsewhere?${new URLSearchParams({ to })}`);
    const link = page.getByRole("link", { name: "Go on to" });
    const target = await link.evaluate((a: HTMLAnchorElement) => a.origin);
    expect(target, to).toBe(host().baseUrl);
  }
});

/** One request as it is written here: browsers and fetch would set headers of their own. `whole`: the body too, which a stream never ends. */
function ask(path: string, headers: Record<string, string>, method = "GET", whole = true): Promise<Answer> {
  const { port } = host();
  const stream = path.startsWith("/api/events") || !whole;
  return new Promise((resolve, reject) => {
    const asking = send(
      { host: "127.0.0.1", port, path, method, headers: { host: `localhost:${port}`, ...headers } },
      (answer) => {
        const status = answer.statusCode ?? 0;
        let text = "";
        answer.on("data", (chunk) => {
          text += chunk;
          if (stream) done();
        });
        const done = () => {
          resolve({ status, headers: answer.headers, text });
          asking.destroy();
        };
        answer.on("end", done);
        answer.on("error", reject);
      },
    );
    asking.on("error", reject);
    asking.end();
  });
}
