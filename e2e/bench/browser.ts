import { existsSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { type Browser, chromium, type Page } from "@playwright/test";
import type { Box } from "../lab/box";
import { pause } from "../lab/processes";
import type { Figures } from "./figures";
import { median, quantile, round } from "./statistics";

const EVENTS = 24;
const EVENT_MS = 10_000;
/** What a page fetches once it is at rest belongs to its first load as well. */
const SETTLED_MS = 1500;

/** Runs `work` with a page that has a session and shows the services. Scripts are collected from the first request on. */
export async function withServicesPage<T>(
  box: Box,
  work: (page: Page, scripts: ReadonlyMap<string, Buffer>) => Promise<T>,
): Promise<T> {
  const browser = await startBrowser();
  try {
    const page = await browser.newPage();
    const scripts = new Map<string, Buffer>();
    page.on("response", async (response) => {
      if (response.request().resourceType() !== "script" || !response.ok()) return;
      const body = await response.body().catch(() => null);
      if (body) scripts.set(response.url(), body);
    });
    await page.goto(box.openLink().replace(/^http:\/\/[^/]+/, box.baseUrl), { waitUntil: "load" });
    await page.locator("a#s-startpage").waitFor();
    await pause(SETTLED_MS);
    return await work(page, scripts);
  } finally {
    await browser.close();
  }
}

/** All scripts of the services page: those its HTML names and those the browser fetched, each compressed by gzip. */
export async function measureScripts(page: Page, fetched: ReadonlyMap<string, Buffer>): Promise<Figures> {
  const bodies = new Map(fetched);
  // `nomodule` scripts are for browsers of another time; none of today fetches them.
  const named = await page
    .locator("script[src]:not([nomodule])")
    .evaluateAll((all) => all.map((one) => one.getAttribute("src") ?? ""));
  for (const url of named.map((src) => new URL(src, page.url()).href).filter((url) => !bodies.has(url)))
    bodies.set(url, await (await page.request.get(url)).body());
  const sizes = [...bodies.values()].map((body) => gzipSync(body).length);
  return {
    "js.first_load_kb_gz": round(sizes.reduce((sum, size) => sum + size, 0) / 1000, 1),
    "js.scripts": sizes.length,
  };
}

/** Looks at a few pages, as people do. */
export async function lookAround(page: Page): Promise<void> {
  const first = new URL("/", page.url());
  for (const path of ["/services/startpage", "/services/guestbook", "/history", "/", "/services/clock", "/"])
    await page.goto(new URL(path, first).href, { waitUntil: "load" });
}

/** From typing `systemctl stop` or `start` to the new word in the row, ms. */
export async function measureEvents(box: Box, page: Page): Promise<Figures> {
  await page.goto(new URL("/", page.url()).href, { waitUntil: "load" });
  await pause(SETTLED_MS);
  const took = { stop: [] as number[], start: [] as number[] };
  for (let n = 0; n < EVENTS * 2; n++) {
    const verb = n % 2 === 0 ? "stop" : "start";
    await box.mustExec(["systemctl", "reset-failed", "startpage.service"]); // else PID 1 calls it started too often
    const seen = page.evaluate(nextChange, EVENT_MS);
    const startedAt = Date.now();
    const [seenAt] = await Promise.all([seen, box.mustExec(["systemctl", verb, "startpage.service"])]);
    took[verb].push(seenAt - startedAt);
    await pause(500);
  }
  return {
    event_ms_p95: round(quantile([...took.stop, ...took.start], 0.95)),
    "event.stop_ms_median": round(median(took.stop)),
    "event.start_ms_median": round(median(took.start)),
    "event.ms_max": round(Math.max(...took.stop, ...took.start)),
    "event.count": took.stop.length + took.start.length,
  };
}

/**
 * Runs in the browser: resolves with the time at which the word in startpage's row is another than now. Holds no
 * function with a name, since tsx would mark it with a helper that the browser does not have.
 */
function nextChange(timeoutMs: number): Promise<number> {
  const cell = "tr:has(a#s-startpage) .cell-state";
  const before = document.querySelector(cell)?.textContent;
  return new Promise((resolve, reject) => {
    new MutationObserver((_, observer) => {
      if (document.querySelector(cell)?.textContent === before) return;
      observer.disconnect();
      resolve(Date.now());
    }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
    setTimeout(() => reject(new Error("the row did not change")), timeoutMs);
  });
}

function startBrowser(): Promise<Browser> {
  const installed = [process.env.CHROMIUM_PATH, "/usr/bin/chromium", "/usr/bin/chromium-browser"].find(
    (path) => path !== undefined && existsSync(path),
  );
  return chromium.launch({
    ...(installed ? { executablePath: installed } : {}),
    args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
    // The bench ends by itself at Ctrl-C, with its boxes.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  });
}
