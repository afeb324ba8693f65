import type { DiskEvent } from "./guest/disk";

/** What of a process can be told from its system calls: what it did to its files, and which deployments it told the end of. */
export const TRACED = [
  "openat",
  "write",
  "pwrite64",
  "writev",
  "pwritev",
  "sendmsg",
  "ftruncate",
  "fsync",
  "fdatasync",
  "rename",
  "renameat",
  "renameat2",
  "unlink",
  "unlinkat",
];

/**
 * Reads what `strace -f -y -xx` wrote. A call that changes something counts
 * from where it began; one that makes something durable covers what was done
 * before it began, and counts from where it ended.
 */
export function readSystemCalls(text: string, directory: string): DiskEvent[] {
  const events: DiskEvent[] = [];
  const offsets = new Map<string, number>();
  const open = new Map<string, { readonly head: string; readonly since: number }>();
  const isOurs = (path: string) => path.startsWith(`${directory}/`) || path === directory;
  for (const line of text.split("\n")) {
    const [, thread = "", rest = ""] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    if (!resumed && rest.endsWith("<unfinished ...>")) {
      const head = rest.slice(0, -"<unfinished ...>".length);
      open.set(thread, { head, since: events.length });
      // Its arguments are known, and it may have happened from now on.
      if (!/^(open|f(data)?sync)/.test(head)) events.push(...eventsOf(head, offsets, isOurs, events.length));
      continue;
    }
    const begun = resumed ? open.get(thread) : undefined;
    if (resumed && begun && !/^(open|f(data)?sync)/.test(begun.head)) continue;
    const whole = resumed && begun ? begun.head + resumed[1] : rest;
    if (/ = -1 E\w+/.test(whole)) continue;
    events.push(...eventsOf(whole, offsets, isOurs, begun?.since ?? events.length));
  }
  return events;
}

function eventsOf(
  call: string,
  offsets: Map<string, number>,
  isOurs: (path: string) => boolean,
  since: number,
): DiskEvent[] {
  const name = /^(\w+)\(/.exec(call)?.[1] ?? "";
  const [, fd = "", path = ""] = asPath(/^\w+\((\d+)<([^>]*)>/.exec(call));
  const strings = [...call.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, hex = ""]) => bytesOf(hex));
  const paths = strings.map((bytes) => bytes.toString());
  switch (name) {
    case "openat": {
      const [, opened = "", target = ""] = asPath(/ = (\d+)<([^>]*)>$/.exec(call));
      offsets.set(opened, 0);
      if (!isOurs(target) || !/O_(CREAT|TRUNC)/.test(call)) return [];
      return [{ kind: "open", path: target, truncate: call.includes("O_TRUNC") }];
    }
    case "write":
    case "pwrite64":
    case "writev":
    case "pwritev":
    case "sendmsg": {
      const data = Buffer.concat(strings);
      if (!isOurs(path)) return endsTold(data.toString()).map((id) => ({ kind: "told", id }));
      const explicit = /, (\d+)(?:\)|$)/.exec(call.replace(/\)? += \d+$/, ")"))?.[1];
      const at = name.startsWith("p") ? Number(explicit) : (offsets.get(fd) ?? 0);
      if (!name.startsWith("p")) offsets.set(fd, at + data.length);
      return [{ kind: "write", path, at, data: data.toString("base64") }];
    }
    case "ftruncate":
      return isOurs(path) ? [{ kind: "truncate", path, length: Number(/, (\d+)/.exec(call)?.[1]) }] : [];
    case "fsync":
    case "fdatasync":
      return isOurs(path) ? [{ kind: "sync", path, since }] : [];
    case "rename":
    case "renameat":
    case "renameat2": {
      const [from = "", to = ""] = paths;
      return isOurs(from) && isOurs(to) ? [{ kind: "rename", from, to }] : [];
    }
    case "unlink":
    case "unlinkat":
      return paths.filter(isOurs).map((one) => ({ kind: "unlink", path: one }));
    default:
      return [];
  }
}

/** Ids of the deployments whose end is told in a message to the bus. */
function endsTold(message: string): string[] {
  if (!message.includes("DeploymentChanged")) return [];
  return message
    .split('{"id":"')
    .slice(1)
    .filter((part) => part.includes('"phase":"finished"'))
    .map((part) => part.slice(0, 26));
}

function asPath(match: RegExpExecArray | null): [string, string, string] {
  const [, fd = "", path = ""] = match ?? [];
  return ["", fd, path.includes("\\x") ? bytesOf(path).toString() : path];
}

function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replaceAll("\\x", ""), "hex");
}
