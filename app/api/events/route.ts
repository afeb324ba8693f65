import { readMark, type StreamEvent } from "@/components/live-events";
import { countFailed, toServiceRow } from "@/components/service-row";
import { sessionEndsAt } from "@/lib/auth/session";
import { live } from "@/lib/live";

const PING_EVERY_MS = 4000;
/** A reader that is this many events behind is gone or frozen; it starts afresh when it comes back. */
const MOST_UNREAD = 256;

/** Whether a stream would be opened: one that is open goes on although the browser's session may be gone. */
export async function HEAD(): Promise<Response> {
  return new Response(null, { status: (await sessionEndsAt()) === null ? 401 : 204 });
}

/** The stream of changes: one per browser, see `components/live-tabs.ts`. */
export async function GET(request: Request): Promise<Response> {
  const endsAt = await sessionEndsAt();
  if (endsAt === null) return new Response("locked\n", { status: 401 });
  const since = readMark(new URL(request.url).searchParams.get("since"));
  const encoder = new TextEncoder();
  let close = () => {};

  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const { epoch, revision, bus, engine, seenAt, services } = live().snapshot();
        let sent = revision;
        const send = (event: StreamEvent) => {
          if ((controller.desiredSize ?? 0) <= 0) return close();
          controller.enqueue(encoder.encode(`data: ${JSON.stringify(event)}\n\n`));
        };
        const isFresh = since?.epoch === epoch && since.revision === revision;
        const off = live().on((event) => {
          switch (event.type) {
            case "services": {
              const from = sent;
              sent = event.revision;
              return send({
                ...event,
                from,
                changed: event.changed.map(toServiceRow),
                removed: event.removed,
                failed: countFailed(live().snapshot().services),
              });
            }
            case "deployment":
            case "orders":
              return send(event);
            case "status":
              return send({
                type: "status",
                link: { bus: event.bus, engine: event.engine, seenAt: event.seenAt },
              });
            default:
              return event satisfies never;
          }
        });
        const ping = setInterval(() => {
          const now = live().snapshot();
          send({ type: "ping", epoch: now.epoch, revision: sent, now: Date.now(), seenAt: now.seenAt });
        }, PING_EVERY_MS);
        const end = () => close();
        const over = setTimeout(end, endsAt - Date.now()).unref(); // the reader comes back, and is told that it is locked
        const offEnd = live().onClose(end); // an open stream would keep the server from ending
        close = () => {
          close = () => {};
          off();
          clearInterval(ping);
          clearTimeout(over);
          offEnd();
          try {
            controller.close();
          } catch {
            // the reader has closed it already
          }
        };
        request.signal.addEventListener("abort", end);
        send({
          type: "hello",
          epoch,
          revision,
          now: Date.now(),
          failed: countFailed(services),
          link: { bus, engine, seenAt },
          rows: isFresh ? null : services.map(toServiceRow),
        });
      },
      cancel() {
        close();
      },
    },
    { highWaterMark: MOST_UNREAD },
  );

  return new Response(body, {
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      // no-transform also keeps Next from compressing, and so from holding back, the stream.
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
    },
  });
}
