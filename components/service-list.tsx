"use client";

import { useRouter } from "next/navigation";
import { type FormEvent, useActionState, useEffect, useMemo, useRef, useState } from "react";
import { Announcement } from "@/components/announcement";
import type { Answer, AnswerAction } from "@/components/answer";
import { endNews, isBadNews, runningNews } from "@/components/deployment-words";
import type { Mark } from "@/components/live-events";
import { rowId, ServiceListRow } from "@/components/service-list-row";
import { rowMatches, type ServiceRow } from "@/components/service-row";
import { useKeptFocus } from "@/components/use-kept-focus";
import { useNow } from "@/components/use-now";
import { useServiceRows } from "@/components/use-service-rows";
import type { Message } from "@/lib/errors";

interface ServiceListProps extends Mark {
  readonly rows: readonly ServiceRow[];
  readonly now: number;
  readonly query: string;
  /** Nothing can be changed at the moment; the page says why above. */
  readonly isReadOnly: boolean;
  readonly deploy: AnswerAction;
  readonly cancel: AnswerAction;
}

/** Rows that "Upgrade several" could take along. */
function countUpgrades(rows: readonly ServiceRow[]): number {
  return rows.filter(({ upgrade, current }) => upgrade !== null && current !== null).length;
}

/**
 * The services, alive. All buttons of the list share two forms, so that a page
 * of five hundred rows stays light and each button works before (and without)
 * any script.
 */
export function ServiceList(props: ServiceListProps) {
  const now = useNow(props.now, 20_000);
  const [query, setQuery] = useState(props.query);
  const { rows, ended, dismissEnded } = useServiceRows(props);
  const deploy = useRequest(props.deploy);
  const cancel = useRequest(props.cancel);
  const table = useRef<HTMLTableElement>(null);
  useSoftLinks(table);

  const shown = useMemo(() => rows.filter((row) => rowMatches(row, query)), [rows, query]);
  const search = (text: string) => {
    setQuery(text);
    const address = text.trim() === "" ? window.location.pathname : `?q=${encodeURIComponent(text)}`;
    window.history.replaceState(null, "", address);
  };
  const newest = [...ended].at(-1);
  const last = rows.find((row) => row.name === newest)?.last;
  const isBad = isBadNews(last?.outcome ?? null);
  const ending = last?.outcome ? endNews({ service: newest ?? "", ...last, outcome: last.outcome }) : "";
  const pressed = rows.find((row) => row.name === deploy.service);
  const isRequested = pressed !== undefined && deploy.isRequested(pressed);
  const going = pressed?.running ? runningNews(pressed.running) : "";
  useKeptFocus(`${pressed?.running?.id} ${pressed?.running?.phase} ${isRequested}`, (gone) =>
    placeAfter(gone, isRequested),
  );

  return (
    <>
      <form className="search" method="get" action="/" onSubmit={(event) => event.preventDefault()}>
        <label>
          <span className="sr">Search services</span>
          <input
            type="search"
            name="q"
            value={query}
            placeholder="Search by name, state or version"
            data-search
            autoComplete="off"
            onChange={(event) => search(event.target.value)}
          />
        </label>
        <p className="quiet">
          {query.trim() === "" ? countWords(rows.length) : `${shown.length} of ${countWords(rows.length)}`}
        </p>
        {query.trim() === "" && countUpgrades(rows) > 1 && (
          <a href="/upgrade" className="batch-link">
            Upgrade several at once…
          </a>
        )}
      </form>
      <form id="deploy" action={deploy.submit} onSubmit={deploy.press} />
      <form id="cancel" action={cancel.submit} onSubmit={cancel.press} />
      <Announcement status={going || (isBad ? "" : ending)} alert={isBad ? ending : ""} />
      {shown.length === 0 ? (
        <p className="nothing">Nothing here matches “{query}”.</p>
      ) : (
        <table className="services" ref={table}>
          <thead>
            <tr>
              <th scope="col">State</th>
              <th scope="col">Service</th>
              <th scope="col">Version</th>
              <th scope="col">Since</th>
              <th scope="col">Last deployment</th>
              <th scope="col">
                <span className="sr">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <ServiceListRow
                key={row.name}
                row={row}
                now={now}
                isReadOnly={props.isReadOnly}
                isRequested={deploy.isRequested(row) || cancel.isRequested(row)}
                error={deploy.errors.get(row.name) ?? cancel.errors.get(row.name) ?? null}
                hasEnded={ended.has(row.name)}
                onDismiss={() => {
                  deploy.dismiss(row.name);
                  cancel.dismiss(row.name);
                  dismissEnded(row.name);
                }}
              />
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

/** One of the shared forms: what was pressed, what is still on its way and which errors are on screen, by service. */
function useRequest(action: AnswerAction) {
  const [answer, submit, isPending] = useActionState(action, null);
  const [pressed, setPressed] = useState("");
  const [seen, setSeen] = useState<Answer | null>(null);
  const [errors, setErrors] = useState<ReadonlyMap<string, Message>>(new Map());
  if (answer !== seen) {
    setSeen(answer);
    if (answer?.error) setErrors(new Map(errors).set(serviceOf(answer.target), answer.error));
  }
  return {
    submit,
    errors,
    /** Of the button that was pressed last. */
    service: serviceOf(pressed),
    press(event: FormEvent<HTMLFormElement>) {
      const { submitter } = event.nativeEvent as SubmitEvent; // React's type does not say that a submit event is one
      if (!(submitter instanceof HTMLButtonElement)) return;
      setPressed(submitter.value);
      dismiss(serviceOf(submitter.value));
    },
    dismiss,
    isRequested(row: ServiceRow) {
      if (serviceOf(pressed) !== row.name) return false;
      return isPending || (answer?.id != null && answer.target === pressed && !knows(row, answer.id));
    },
  };

  function dismiss(service: string): void {
    if (!errors.has(service)) return;
    const rest = new Map(errors);
    rest.delete(service);
    setErrors(rest);
  }
}

/** Where the focus goes when a button of a row is gone: to what takes the deployment back, else to the name of the service. */
function placeAfter(gone: HTMLButtonElement, isRequested: boolean): HTMLElement | null {
  if (isRequested) return null; // what takes it back is about to come
  const name = document.getElementById(rowId(serviceOf(gone.value)));
  return name?.closest("tr")?.querySelector<HTMLElement>("button[form=cancel]") ?? name;
}

function knows(row: ServiceRow, id: string): boolean {
  return row.running?.id === id || row.last?.id === id;
}

function serviceOf(target: string): string {
  return target.split("/")[0] ?? "";
}

function countWords(count: number): string {
  return count === 1 ? "1 service" : `${count} services`;
}

/** Plain links, for speed; clicks on them become soft navigations in one place. */
function useSoftLinks(table: { readonly current: HTMLTableElement | null }): void {
  const router = useRouter();
  useEffect(() => {
    const open = (event: MouseEvent) => {
      const link = event.target instanceof Element ? event.target.closest("a") : null;
      const isPlain =
        event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
      if (!link || !isPlain || event.defaultPrevented || !table.current?.contains(link)) return;
      event.preventDefault();
      router.push(link.getAttribute("href") ?? "/");
    };
    document.addEventListener("click", open);
    return () => document.removeEventListener("click", open);
  }, [router, table]);
}
