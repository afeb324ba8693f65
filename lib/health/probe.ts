import http from "node:http";
import net, { type LookupFunction } from "node:net";
import type { Message } from "@/lib/errors";
import { probeProblem, writeAim } from "@/lib/health/address";
import type { Probe, ProbeAnswer, TryResult } from "@/lib/health/types";

/** One try takes no longer than this, ms. */
const TRY_MS = 2000;
const BODY_BYTES = 64 * 1024;
const SHOWN_BYTES = 160;

/** What a try found: a pass, or why not. */
interface Found {
  readonly result: TryResult;
  readonly message: Message;
  readonly status?: number;
  readonly body?: Buffer;
}

/** Tries a probe once, in at most 2 s. Never throws: what keeps it from being tried is `unmeasured`. */
export async function runProbe(probe: Probe, signal: AbortSignal = NEVER): Promise<ProbeAnswer> {
  const began = performance.now();
  const found = await inTime(signal, (both) => tryOnce(probe, both));
  return {
    result: found.result,
    message: { ...found.message, params: { address: writeAim(probe), ...found.message.params } },
    status: found.status ?? null,
    latencyMs: Math.round(performance.now() - began),
    firstBytes: (found.body ?? Buffer.alloc(0)).subarray(0, SHOWN_BYTES).toString("utf8"),
  };
}

/** By hand: in Node 20 a signal of `AbortSignal.any` with a timeout in it may be collected before it fires. */
async function inTime<T>(signal: AbortSignal, work: (both: AbortSignal) => Promise<T>): Promise<T> {
  const both = new AbortController();
  const end = () => both.abort();
  const timer = setTimeout(end, TRY_MS);
  signal.addEventListener("abort", end);
  if (signal.aborted) end();
  try {
    return await work(both.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  }
}

async function tryOnce(probe: Probe, signal: AbortSignal): Promise<Found> {
  const problem = probeProblem(probe);
  if (problem) return { result: "unmeasured", message: problem };
  try {
    switch (probe.kind) {
      case "http":
        return judgeAnswer(probe, await request(probe.url, signal));
      case "tcp":
        return await connect({ host: probe.host, port: probe.port, lookup: lookUpLoopback }, signal);
      case "unix":
        return isElsewhere(probe.path) ? ELSEWHERE : await connectSocket(probe.path, signal);
      default:
        return probe satisfies never;
    }
  } catch (error) {
    return judgeError(error);
  }
}

interface Response {
  readonly status: number;
  readonly body: Buffer;
}

/** Asks once and reads the beginning of the body; a redirect is an answer like any other. */
function request(url: string, signal: AbortSignal): Promise<Response> {
  return new Promise((resolve, reject) => {
    const options = { signal, agent: false, lookup: lookUpLoopback, headers: { "user-agent": "attache" } };
    const asked = http.get(url, options, (answer) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const end = () => {
        resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).subarray(0, BODY_BYTES) });
        asked.destroy();
      };
      answer.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size >= BODY_BYTES) end();
      });
      answer.on("end", end);
      answer.on("error", reject);
    });
    asked.on("error", reject);
  });
}

function judgeAnswer(probe: Extract<Probe, { kind: "http" }>, { status, body }: Response): Found {
  const fail = (code: string, params: Message["params"]): Found => ({
    result: "fail",
    message: { code, params },
    status,
    body,
  });
  if (status !== probe.status) return fail("probe-status", { expected: probe.status, status });
  if (!body.includes(probe.text)) return fail("probe-no-text", { text: probe.text });
  return { ...PASS, status, body };
}

function connect(
  options: net.TcpNetConnectOpts | net.IpcNetConnectOpts,
  signal: AbortSignal,
): Promise<Found> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ ...options, signal });
    socket.on("error", reject);
    socket.on("connect", () => {
      resolve(PASS);
      socket.resume().end(); // a reset would be noise in the log of the service
      socket.setTimeout(TRY_MS, () => socket.destroy());
    });
  });
}

/**
 * Whatever is no socket that this process may use is the same to whoever asks:
 * a missing file, one of another kind, one that only its owner may open. The
 * engine is root, and would tell them else which files there are.
 */
async function connectSocket(file: string, signal: AbortSignal): Promise<Found> {
  try {
    return await connect({ path: file }, signal);
  } catch (error) {
    if (isAnswer(error)) throw error;
    return NO_SOCKET;
  }
}

/** What only a socket that somebody listens on brings about; `EAGAIN`: its queue is full. */
function isAnswer(error: unknown): boolean {
  const { code = "", name } = error as NodeJS.ErrnoException; // `net` rejects with nothing else
  return name === "AbortError" || ["ETIMEDOUT", "EAGAIN", "ECONNRESET", "EPIPE"].includes(code);
}

/** The engine has a /tmp of its own (PrivateTmp=), so a socket that is missing there proves nothing. */
function isElsewhere(file: string): boolean {
  return file.startsWith("/tmp/");
}

/** Of a failed try: whose fault it is. What the service brings about is a failure, everything else is not measured. */
function judgeError(error: unknown): Found {
  const { code = "", name } = error as NodeJS.ErrnoException; // `net` and `http` reject with nothing else
  if (name === "AbortError" || name === "TimeoutError" || code === "ETIMEDOUT")
    return { result: "fail", message: { code: "probe-timed-out", params: { afterMs: TRY_MS } } };
  const own = SERVICE_ERRORS[code];
  if (own !== undefined) return { result: "fail", message: { code: own, params: {} } };
  // What is answered and is no HTTP (llhttp's own codes).
  if (code.startsWith("HPE_")) return { result: "fail", message: { code: "probe-no-http", params: {} } };
  return { result: "unmeasured", message: { code: "probe-not-tried", params: { reason: code || name } } };
}

const SERVICE_ERRORS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "probe-refused",
  ECONNRESET: "probe-broke-off",
  EPIPE: "probe-broke-off",
};

const PASS: Found = { result: "pass", message: { code: "probe-passed", params: {} } };
const NO_SOCKET: Found = { result: "fail", message: { code: "probe-no-socket", params: {} } };
const ELSEWHERE: Found = { result: "unmeasured", message: { code: "probe-elsewhere", params: {} } };
const NEVER = new AbortController().signal;

/** `localhost` is this machine, whatever /etc/hosts or a resolver makes of it. */
const lookUpLoopback: LookupFunction = (_host, { all, family }, done) => {
  const addresses = [
    { address: "127.0.0.1", family: 4 },
    { address: "::1", family: 6 },
  ];
  if (all) done(null, addresses);
  else if (family === 6) done(null, "::1", 6);
  else done(null, "127.0.0.1", 4);
};
