"use client";

import { useCallback, useEffect, useState } from "react";
import { judgeEvent, type Mark, type StreamEvent } from "@/components/live-events";
import { useLive } from "@/components/live-provider";
import { applyDeployment, applyRows, endedBetween, type ServiceRow } from "@/components/service-row";

interface Fresh extends Mark {
  readonly rows: readonly ServiceRow[];
}

interface State {
  /** The rows as the server last drew them; new ones replace all that events have added. */
  readonly drawn: Fresh;
  readonly fresh: Fresh;
  /** Services whose last deployment somebody on this page was waiting for. */
  readonly ended: ReadonlySet<string>;
}

/** The rows of the page, kept up to date by the stream. */
export function useServiceRows(props: Fresh) {
  const live = useLive();
  const [state, setState] = useState<State>(() => ({ drawn: props, fresh: props, ended: new Set() }));
  if (props.rows !== state.drawn.rows) {
    // The answer to a click may have been drawn before an event that has overtaken it.
    const isOld = props.epoch === state.fresh.epoch && props.revision < state.fresh.revision;
    setState({ ...(isOld ? state : moveOn(state, props)), drawn: props });
  }

  useEffect(() => {
    const unsubscribe = live.subscribe((event) =>
      setState((last) => moveOn(last, afterEvent(last.fresh, event))),
    );
    return () => {
      unsubscribe();
    };
  }, [live]);

  useEffect(() => {
    // A page that the browser kept may be older than the stream.
    const mark = live.mark();
    if (mark.epoch !== props.epoch || mark.revision > props.revision) live.refetch();
  }, [live, props.epoch, props.revision]);

  const dismissEnded = useCallback((service: string) => {
    setState((last) => {
      if (!last.ended.has(service)) return last;
      const ended = new Set(last.ended);
      ended.delete(service);
      return { ...last, ended };
    });
  }, []);
  return { rows: state.fresh.rows, ended: state.ended, dismissEnded };
}

function moveOn(last: State, next: Fresh): State {
  if (next.rows === last.fresh.rows) return last.fresh === next ? last : { ...last, fresh: next };
  const fresh = endedBetween(last.fresh.rows, next.rows);
  const begun = next.rows.filter((row) => row.running && last.ended.has(row.name));
  if (fresh.length === 0 && begun.length === 0) return { ...last, fresh: next };
  const ended = new Set(last.ended);
  for (const row of begun) ended.delete(row.name);
  for (const service of fresh) ended.add(service);
  return { ...last, fresh: next, ended };
}

function afterEvent(now: Fresh, event: StreamEvent): Fresh {
  if (judgeEvent(now, event) !== "apply") return now;
  switch (event.type) {
    case "hello":
      return event.rows === null ? now : { epoch: event.epoch, revision: event.revision, rows: event.rows };
    case "services":
      return { epoch: event.epoch, revision: event.revision, rows: applyRows(now.rows, event) };
    case "deployment":
      return { ...now, rows: applyDeployment(now.rows, event.deployment) };
    case "orders":
    case "status":
    case "ping":
      return now;
    default:
      return event satisfies never;
  }
}
