import type { ServiceRow } from "@/components/service-row";
import type { Deployment } from "@/lib/deploy/types";
import type { LinkState } from "@/lib/systemd/types";

/** How the server reaches the host. `seenAt`: when the facts on screen were last known to be true, ms since 1970. */
export interface HostLink {
  readonly bus: LinkState;
  readonly engine: LinkState;
  readonly seenAt: number;
}

/** Which state of the model a page shows: comparable within an epoch, which is new with each web server. */
export interface Mark {
  readonly epoch: string;
  readonly revision: number;
}

/** What `/api/events` sends, and what the tabs of one browser pass on to each other. */
export type StreamEvent =
  | ({
      readonly type: "hello";
      readonly now: number;
      readonly failed: number;
      readonly link: HostLink;
    } & Mark & {
        /** Every row, or `null` where the page is up to date. */
        readonly rows: readonly ServiceRow[] | null;
      })
  | ({
      readonly type: "services";
      /** The revision that this change follows on; another one means that something was missed. */
      readonly from: number;
      readonly failed: number;
      readonly changed: readonly ServiceRow[];
      readonly removed: readonly string[];
      /** Something beside the services changed: findings, links, what is missing. */
      readonly hostChanged: boolean;
    } & Mark)
  | { readonly type: "deployment"; readonly deployment: Deployment }
  /** What is laid down for a service (its checks, marks, freezes) has changed. */
  | { readonly type: "orders"; readonly service: string }
  | { readonly type: "status"; readonly link: HostLink }
  | ({ readonly type: "ping"; readonly now: number; readonly seenAt: number } & Mark);

/** `?since=` of the stream. */
export function writeMark({ epoch, revision }: Mark): string {
  return `${epoch}.${revision}`;
}

/** Reads `?since=`; the epoch may hold dots, the revision may not. */
export function readMark(text: string | null): Mark | null {
  const match = /^(.+)\.(\d{1,15})$/.exec(text ?? "");
  return match?.[1] === undefined ? null : { epoch: match[1], revision: Number(match[2]) };
}

/** What an event means for a page that shows `mark`. */
export function judgeEvent(mark: Mark, event: StreamEvent): "apply" | "ignore" | "missed" {
  switch (event.type) {
    case "hello":
      if (event.rows !== null) return "apply";
      return isSame(mark, event) || isBehind(event, mark) ? "ignore" : "missed";
    case "services":
      if (event.epoch === mark.epoch && event.revision <= mark.revision) return "ignore";
      return event.epoch === mark.epoch && event.from <= mark.revision ? "apply" : "missed";
    case "ping":
      return isSame(mark, event) || isBehind(event, mark) ? "ignore" : "missed";
    case "deployment":
    case "orders":
    case "status":
      return "apply";
    default:
      return event satisfies never;
  }
}

function isSame(a: Mark, b: Mark): boolean {
  return a.epoch === b.epoch && a.revision === b.revision;
}

function isBehind(a: Mark, b: Mark): boolean {
  return a.epoch === b.epoch && a.revision < b.revision;
}
