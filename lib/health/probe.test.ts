import { mkdtempSync, rmSync } from "node:fs";
import { link, mkdir, symlink, writeFile } from "node:fs/promises";
import http from "node:http";
import net, { type AddressInfo, type Server } from "node:net";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runProbe } from "@/lib/health/probe";
import type { Probe } from "@/lib/health/types";

const PACE = { intervalMs: 200, passes: 1, deadlineMs: 1000 };
const servers: Server[] = [];
let directory: string;
let web: number;
let tcp: number;
let closed: number;

beforeAll(async () => {
  directory = mkdtempSync("/run/attache-probe-"); // not below /tmp, which is another place for the service
  web = await listen(http.createServer(answer));
  tcp = await listen(net.createServer((socket) => socket.on("error", () => {}).end("no http here\r\n")));
  closed = await listen(net.createServer());
  servers.pop()?.close();
  const unix = net.createServer((socket) => socket.end());
  servers.push(unix);
  await new Promise<void>((resolve) => unix.listen(path.join(directory, "web.sock"), resolve));
});
afterAll(() => {
  for (const server of servers) server.close();
  rmSync(directory, { recursive: true });
});

const httpProbe = (at: string, more: object = {}): Probe => ({
  kind: "http",
  url: `http://127.0.0.1:${web}${at}`,
  status: 200,
  text: "",
  ...PACE,
  ...more,
});
const tcpProbe = (host: string, port: number): Probe => ({ kind: "tcp", host, port, ...PACE });
const unixProbe = (file: string): Probe => ({ kind: "unix", path: file, ...PACE });

describe("one try of a probe", () => {
  it.each<[string, () => Probe, string, string]>([
    ["the right status", () => httpProbe("/"), "pass", "probe-passed"],
    ["the right text", () => httpProbe("/", { text: "page 1.2.0" }), "pass", "probe-passed"],
    ["by name", () => httpProbe("/", { url: `http://localhost:${web}/` }), "pass", "probe-passed"],
    ["another text", () => httpProbe("/", { text: "page 1.3.0" }), "fail", "probe-no-text"],
    ["a text behind 64 KiB", () => httpProbe("/long", { text: "the end" }), "fail", "probe-no-text"],
    ["another status", () => httpProbe("/missing"), "fail", "probe-status"],
    ["a status that is meant", () => httpProbe("/missing", { status: 404 }), "pass", "probe-passed"],
    ["a redirect, which is not followed", () => httpProbe("/away"), "fail", "probe-status"],
    ["no answer", () => httpProbe("/never"), "fail", "probe-timed-out"],
    ["what is no HTTP", () => httpProbe("", { url: `http://127.0.0.1:${tcp}/` }), "fail", "probe-no-http"],
    ["nobody listens", () => httpProbe("", { url: `http://127.0.0.1:${closed}/` }), "fail", "probe-refused"],
    ["a port", () => tcpProbe("127.0.0.1", tcp), "pass", "probe-passed"],
    ["a port by name", () => tcpProbe("localhost", tcp), "pass", "probe-passed"],
    ["a closed port", () => tcpProbe("127.0.0.1", closed), "fail", "probe-refused"],
    ["a socket", () => unixProbe(path.join(directory, "web.sock")), "pass", "probe-passed"],
    ["no socket", () => unixProbe(path.join(directory, "other.sock")), "fail", "probe-no-socket"],
    ["no directory", () => unixProbe("/run/not-here/web.sock"), "fail", "probe-no-socket"],
    ["another place", () => unixProbe("/etc/shadow"), "unmeasured", "probe-place"],
    ["the service's own /tmp", () => unixProbe("/tmp/web.sock"), "unmeasured", "probe-elsewhere"],
    ["another machine", () => tcpProbe("10.0.0.1", 80), "unmeasured", "probe-not-local"],
  ])("%s", async (_name, probe, result, code) => {
    const found = await runProbe(probe());
    expect([found.result, found.message.code]).toEqual([result, code]);
    expect(found.latencyMs).toBeLessThan(3000);
  });

  it.each([
    ["a file", () => writeFile(path.join(directory, "file"), ""), "file"],
    ["a directory", () => mkdir(path.join(directory, "directory")), "directory"],
    ["below a file", () => writeFile(path.join(directory, "other"), ""), "other/web.sock"],
    ["a link to nothing", () => symlink("nothing", path.join(directory, "link")), "link"],
    ["a socket that nobody listens on", () => leaveSocket(path.join(directory, "dead.sock")), "dead.sock"],
    ["nothing at all", async () => undefined, "nothing"],
  ])("bug: a probe told what kind of file there is: %s", async (_name, make, name) => {
    await make();
    const file = path.join(directory, name);
    const { result, message } = await runProbe(unixProbe(file));
    expect([result, message]).toEqual(["fail", { code: "probe-no-socket", params: { address: file } }]);
  });

  it("tells status and the beginning of the answer", async () => {
    const { status, firstBytes } = await runProbe(httpProbe("/missing"));
    expect([status, firstBytes]).toEqual([404, "not here"]);
  });
});

function answer(asked: http.IncomingMessage, reply: http.ServerResponse): void {
  switch (asked.url) {
    case "/":
      reply.end("Start page 1.2.0");
      break;
    case "/long":
      reply.end(`${" ".repeat(70_000)}the end`);
      break;
    case "/away":
      reply.writeHead(302, { location: "/" }).end();
      break;
    case "/never":
      break;
    default:
      reply.writeHead(404).end("not here");
  }
}

/** The file of a socket outlives its listener under a second name, as after a crash. */
async function leaveSocket(file: string): Promise<void> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(`${file}.live`, resolve));
  await link(`${file}.live`, file);
  await new Promise((resolve) => server.close(resolve));
}

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}
