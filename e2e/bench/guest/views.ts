import { execFile, spawn } from "node:child_process";
import { Agent, get } from "node:http";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { nowMs, pause } from "./clock";

/** The services page over HTTP, as one client with a session gets it. */
export interface Views {
  /** As a browser asks for it, compressed, ms each. */
  readonly browserMs: number[];
  /** As plain text, ms each. */
  readonly plainMs: number[];
  readonly htmlBytes: number;
  readonly rows: number;
  /** Upgrades and rollbacks that the rows offer. */
  readonly buttons: number;
  /** Whether the web server stayed on the bus, so that all of its calls were seen. */
  readonly isSeen: boolean;
  /** Calls that it made during the counted views, and during as long a time without any. */
  readonly callsViewing: number;
  readonly callsIdle: number;
  readonly counted: number;
}

const WARM_UP = 20;
const REQUESTS = 80;
const COUNTED = 20;
const execute = promisify(execFile);

const [link = ""] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const cookie = await openSession(link);
const page = new URL("/", link);

for (let n = 0; n < WARM_UP; n++) await view("gzip");
const browserMs: number[] = [];
const plainMs: number[] = [];
for (let n = 0; n < REQUESTS; n++) {
  browserMs.push((await view("gzip")).ms);
  plainMs.push((await view("identity")).ms);
}
const { text } = await view("identity");
const webPid = await mainPid("attache-web.service");
const names = await busNames(webPid);
const viewingStartedAt = nowMs();
const callsViewing = await countCalls(names, async () => {
  for (let n = 0; n < COUNTED; n++) await view("gzip");
});
const tookMs = nowMs() - viewingStartedAt;
const callsIdle = await countCalls(names, () => pause(tookMs));
const isSeen = names.length > 0 && (await busNames(webPid)).join() === names.join();
const views: Views = {
  browserMs,
  plainMs,
  htmlBytes: Buffer.byteLength(text),
  rows: text.split("data-row=").length - 1,
  buttons: text.split("<button").length - 1,
  isSeen,
  callsViewing,
  callsIdle,
  counted: COUNTED,
};
console.log(JSON.stringify(views));
process.exit(0);

function view(encoding: "gzip" | "identity"): Promise<{ ms: number; text: string }> {
  return new Promise((resolve, reject) => {
    const startedAt = nowMs();
    const headers = { cookie, accept: "text/html", "accept-encoding": encoding };
    get(page, { agent, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () => {
        const ms = nowMs() - startedAt;
        if (response.statusCode === 200) resolve({ ms, text: Buffer.concat(parts).toString() });
        else reject(new Error(`the services page answers ${response.statusCode}`));
      });
    }).on("error", reject);
  });
}

async function openSession(address: string): Promise<string> {
  const response = await fetch(address, { redirect: "manual" });
  const session = response.headers.get("set-cookie")?.split(";")[0];
  if (!session) throw new Error(`${address} opens no session`);
  return session;
}

async function mainPid(unit: string): Promise<number> {
  const { stdout } = await execute("systemctl", ["show", unit, "--property=MainPID", "--value"]);
  return Number(stdout);
}

async function busNames(pid: number): Promise<string[]> {
  const { stdout } = await execute("busctl", ["list", "--unique", "--json=short"]);
  const names: { name: string; pid: number }[] = JSON.parse(stdout);
  return names.filter((row) => row.pid === pid).map((row) => row.name);
}

/** Listens to the bus itself: what the web server says of its own calls does not count. */
async function countCalls(senders: readonly string[], during: () => Promise<void>): Promise<number> {
  const matches = senders.map((sender) => `--match=type='method_call',sender='${sender}'`);
  const monitor = spawn("busctl", ["monitor", "--json=short", ...matches], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let calls = 0;
  createInterface(monitor.stdout).on("line", (line) => {
    if (line.startsWith("{")) calls++;
  });
  await pause(1000); // until it listens
  calls = 0;
  await during();
  await pause(300); // until it has told
  monitor.kill();
  return calls;
}
