import type { Message } from "@/lib/errors";
import type { Probe } from "@/lib/health/types";

/** What a probe is aimed at, without its pace. */
export type Aim =
  | { readonly kind: "http"; readonly url: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/**
 * Why a probe may not be run, or `null`. The engine is root and speaks to
 * whatever it is told to, so it is told only about this host: 127.0.0.0/8, ::1,
 * `localhost`, and sockets where services keep theirs. What it sees of other
 * files is nobody's business, nor are the sockets that PID 1 speaks on.
 */
export function probeProblem(probe: Probe): Message | null {
  const { passes, intervalMs, deadlineMs } = probe;
  return (
    aimProblem(probe) ??
    ((passes - 1) * intervalMs >= deadlineMs
      ? { code: "probe-deadline", params: { passes, intervalMs, deadlineMs } }
      : null)
  );
}

function aimProblem(aim: Aim): Message | null {
  switch (aim.kind) {
    case "http": {
      const url = parseUrl(aim.url);
      if (url?.protocol !== "http:" || url.username !== "" || url.password !== "")
        return { code: "probe-address", params: { address: aim.url } };
      return isLoopback(url.hostname) ? null : { code: "probe-not-local", params: { address: url.hostname } };
    }
    case "tcp":
      return isLoopback(aim.host) ? null : { code: "probe-not-local", params: { address: aim.host } };
    case "unix":
      return isSocketPlace(aim.path) ? null : { code: "probe-place", params: { address: aim.path } };
    default:
      return aim satisfies never;
  }
}

/** Whether a path leads, by its text alone, to where services keep their sockets. /var/run is a link to /run. */
function isSocketPlace(file: string): boolean {
  const isNormalised = /^(?:\/[^/\0]+)+$/.test(file) && !/\/\.{1,2}(?:\/|$)/.test(file);
  return isNormalised && SOCKET_PLACES.test(file) && !/^(?:\/var)?\/run\/systemd(?:\/|$)/.test(file);
}

const SOCKET_PLACES = /^\/(?:run|var\/run|var\/lib|srv|tmp)\//;

/** An address as people type it: `http://127.0.0.1:8080/up`, `127.0.0.1:5432`, `[::1]:5432` or `/run/web.sock`; `null` when it is none of these. */
export function readAim(text: string): Aim | null {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return { kind: "http", url: text };
  if (text.startsWith("/")) return { kind: "unix", path: text };
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:/[\]]+)):(\d{1,5})$/i.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || port < 1 || port > 65_535 ? null : { kind: "tcp", host, port };
}

/** The address as people type it. */
export function writeAim(aim: Aim): string {
  switch (aim.kind) {
    case "http":
      return aim.url;
    case "tcp":
      return `${aim.host.includes(":") ? `[${aim.host}]` : aim.host}:${aim.port}`;
    case "unix":
      return aim.path;
    default:
      return aim satisfies never;
  }
}

/** Whether a host of a URL or an address is this machine by itself, whatever a resolver would say. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  return bare === "localhost" || bare === "::1" || LOOPBACK.test(bare);
}

const LOOPBACK = /^127(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/;

function parseUrl(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}
